drop table landing.schedule;
