drop table landing.file;
