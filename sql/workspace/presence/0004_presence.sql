-- When each principal was last heard of. Whether they are online follows from that when it is asked, so that
-- nobody has to say goodbye.
--
-- Unlogged: after a crash everybody is offline until they are heard of again, and heartbeats cost no WAL.
-- Narrow, no index on what changes, half of each page free: a heartbeat moves no index entry. No foreign
-- key, which would cost more than all else; core.principal is asked when heartbeats come in.
create unlogged table workspace.presence (
    tenant_id uuid not null,
    principal_id uuid not null,
    last_seen timestamptz not null,
    constraint presence_pk primary key (tenant_id, principal_id)
) with (fillfactor = 50);
comment on table workspace.presence is 'One row per principal who was heard of since the server last crashed.';

insert into core.config_key (namespace, key, value_type, minimum, maximum, default_value, description)
values ('workspace', 'presence_seconds', 'integer', 1, 86400, '120', 'Who was heard of in so many seconds is online');

-- revert: delete from core.tenant_config
-- revert: where namespace = 'workspace' and key = 'presence_seconds';
-- revert: delete from core.config_key
-- revert: where namespace = 'workspace' and key = 'presence_seconds';
-- revert: drop table workspace.presence;
