drop table core.audit_log;
