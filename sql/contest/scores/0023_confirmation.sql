-- The queue of submitted scores that are confirmed unless disputed, and the time to dispute them.
insert into core.queue (queue, handler, batch, lease, description)
values ('contest.confirm', 'contest.confirm_due', 20, '30 seconds', 'Submitted scores, which are confirmed unless they are disputed in time');

insert into core.config_key (namespace, key, value_type, minimum, maximum, default_value, description)
values ('contest', 'confirm_seconds', 'integer', 0, 604800, '300', 'Seconds for which a submitted score may be disputed before it is confirmed');

grant usage on schema contest to stanchion_worker;

-- revert: revoke usage on schema contest from stanchion_worker;
-- revert: delete from core.tenant_config
-- revert: where namespace = 'contest' and key = 'confirm_seconds';
-- revert: delete from core.config_key
-- revert: where namespace = 'contest' and key = 'confirm_seconds';
-- revert: delete from core.queue
-- revert: where queue = 'contest.confirm';
