delete from core.tenant_config
where module = 'workspace' and key = 'presence_seconds';
delete from core.config_key
where module = 'workspace' and key = 'presence_seconds';
drop table workspace.presence;
