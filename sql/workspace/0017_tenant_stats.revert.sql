drop materialized view hidden.tenant_stats;
