drop table workspace.tenant_state;
