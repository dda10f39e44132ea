drop table core.event;
