delete from core.tenant_config
where module = 'contest';
delete from core.config_key
where module = 'contest';
