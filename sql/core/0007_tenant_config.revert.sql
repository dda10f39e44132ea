drop table core.tenant_config;
