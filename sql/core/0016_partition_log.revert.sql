drop table core.partition_log;
