drop table core.job;
