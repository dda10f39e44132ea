drop table core.partition_set;
