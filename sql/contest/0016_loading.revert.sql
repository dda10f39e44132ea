delete from core.tenant_config
where module = 'contest' and key = 'shrink_percent';
delete from core.config_key
where module = 'contest' and key = 'shrink_percent';
