drop table core.queue;
