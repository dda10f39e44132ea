delete from core.tenant_config
where module = 'contest' and key in ('shrink_percent', 'hours_ahead_of_utc');
delete from core.config_key
where module = 'contest' and key in ('shrink_percent', 'hours_ahead_of_utc');
