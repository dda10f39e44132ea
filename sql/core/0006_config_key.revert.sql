drop table core.config_key;
