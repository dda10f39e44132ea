drop table ops.table_size;
