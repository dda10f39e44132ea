drop table core.principal;
