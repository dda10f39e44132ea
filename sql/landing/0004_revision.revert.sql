drop table landing.revision;
