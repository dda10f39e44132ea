-- Runs of the periodic work of the platform. Ids come from the sequence of jobs, so that an id names one job or run.
create table core.operation_run (
    run_id bigint not null default nextval('core.job_job_id_seq'),
    kind text not null,
    slot timestamptz not null,
    -- ready -> leased: core.lease_operation; leased -> ready, done or dead: core.finish_operation
    state text not null default 'ready',
    run_at timestamptz not null,
    enqueued_at timestamptz not null,
    started_at timestamptz,
    finished_at timestamptz,
    attempts integer not null default 0,
    leased_by text,
    last_error text,
    result jsonb,
    constraint operation_run_pk primary key (run_id),
    constraint operation_run_slot_once unique (kind, slot),
    constraint operation_run_kind_fk foreign key (kind) references core.operation (kind) on delete cascade,
    constraint operation_run_state_known check (state in ('ready', 'leased', 'done', 'dead'))
);
comment on table core.operation_run is 'One row per run of periodic work of the platform. The latest 50 of each kind are kept.';
comment on column core.operation_run.slot is 'Time of the cron expression that caused the run.';
comment on column core.operation_run.result is 'What the run did, as the JSON of its command.';

-- serves: core.lease_operation, at most one unfinished run of each kind
create unique index operation_run_live_idx on core.operation_run (kind) where state in ('ready', 'leased');

-- revert: drop table core.operation_run;
