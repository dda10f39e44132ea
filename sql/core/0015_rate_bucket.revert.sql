drop table core.rate_bucket;
