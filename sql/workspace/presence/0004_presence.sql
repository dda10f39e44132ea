-- Last heartbeat of each principal. Whether a principal is online is computed from it, so clients need not sign off.
--
-- Unlogged: after a crash every principal is offline until the next heartbeat, and heartbeats write no WAL. The row is
-- narrow, no index contains a changing column, and half of each page is free, so that a heartbeat moves no index entry.
-- There is no foreign key, which would cost more than the rest; core.principal is checked when heartbeats arrive.
create unlogged table workspace.presence (
    tenant_id uuid not null,
    principal_id uuid not null,
    last_seen timestamptz not null,
    constraint presence_pk primary key (tenant_id, principal_id)
) with (fillfactor = 50);
comment on table workspace.presence is 'One row per principal with a heartbeat since the last crash of the server.';

-- The tenth of a second in which followers of presence were last notified; a sequence for the reasons of
-- core.event_notice.
create sequence workspace.presence_notice;
comment on sequence workspace.presence_notice is 'The tenth of a second in which followers of presence were last notified.';

insert into core.config_key (namespace, key, value_type, minimum, maximum, default_value, description)
values ('workspace', 'presence_seconds', 'integer', 1, 86400, '120', 'Seconds after the last heartbeat for which a principal is online');

-- revert: delete from core.tenant_config
-- revert: where namespace = 'workspace' and key = 'presence_seconds';
-- revert: delete from core.config_key
-- revert: where namespace = 'workspace' and key = 'presence_seconds';
-- revert: drop sequence workspace.presence_notice;
-- revert: drop table workspace.presence;
