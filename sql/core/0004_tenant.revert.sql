drop table core.tenant;
