drop table landing.reject;
