drop table core.stat_refresh;
