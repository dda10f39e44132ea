drop table core.api_key;
