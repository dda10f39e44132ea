drop table core.consumer;
