-- What clients did while they were offline, and what was answered: so the same batch, sent again, is told the same.
--
-- No projection of events: an action that met a conflict is no event. Kept for ever, as who is offline
-- may come back after any time.
create table contest.offline_action (
    tenant_id uuid not null,
    action_id text not null,
    fingerprint bytea not null,
    outcome text,
    game_key text,
    version bigint,
    reason text,
    received_at timestamptz not null,
    constraint offline_action_pk primary key (tenant_id, action_id),
    constraint offline_action_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade,
    constraint offline_action_outcome_known check (outcome in ('applied', 'conflict')),
    constraint offline_action_reason_of_conflict check ((outcome = 'conflict') = (reason is not null))
);
comment on table contest.offline_action is 'One row per action of a client that was offline.';
comment on column contest.offline_action.outcome is 'Null only within the transaction that decides it.';
comment on column contest.offline_action.version is 'The version of the fixture: after the action, or that it met in a conflict.';

-- revert: drop table contest.offline_action;
