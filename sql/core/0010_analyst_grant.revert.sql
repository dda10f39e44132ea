drop table core.analyst_grant;
