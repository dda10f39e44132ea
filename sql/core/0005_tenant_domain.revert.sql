drop table core.tenant_domain;
