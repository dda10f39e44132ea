revoke usage on schema contest from stanchion_worker;
delete from core.tenant_config
where module = 'contest' and key = 'confirm_seconds';
delete from core.config_key
where module = 'contest' and key = 'confirm_seconds';
delete from core.queue
where queue = 'contest.confirm';
