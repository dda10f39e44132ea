drop table core.membership;
