-- Actions of offline clients with their outcomes, so that a batch which is sent again gets the same answers.
--
-- It is not a projection of events: an action that met a conflict is not an event. Rows are kept permanently, since an
-- offline client may come back after any time.
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
comment on column contest.offline_action.outcome is 'Outcome; null only within the transaction that decides it.';
comment on column contest.offline_action.version is 'Version of the fixture after the action, or the version that caused the conflict.';

-- revert: drop table contest.offline_action;
