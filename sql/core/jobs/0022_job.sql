-- Jobs that are still to be done. Whatever is done or dead has left for core.job_done or core.job_dead.
--
-- A row goes by in seconds, so dead ones are swept up early, by number and not by share of the table.
create table core.job (
    tenant_id uuid not null,
    job_id bigint not null generated always as identity,
    queue text not null,
    payload jsonb not null,
    dedupe_key text,
    run_at timestamptz not null,
    enqueued_at timestamptz not null,
    attempts integer not null default 0,
    -- ready -> leased: core.lease; leased -> ready: core.fail, core.reap
    lease_id uuid,
    leased_until timestamptz,
    leased_by text,
    last_error text,
    actor text not null,
    request_id text,
    constraint job_pk primary key (tenant_id, job_id),
    constraint job_dedupe_key_short check (length(dedupe_key) <= 500),
    constraint job_leased_whole check ((lease_id is null) = (leased_until is null))
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
comment on table core.job is 'One row per job that is ready or leased.';
comment on column core.job.job_id is 'In the order of enqueueing.';
comment on column core.job.run_at is 'Not before: in the future for a job that was scheduled, or that failed and waits.';
comment on column core.job.attempts is 'How often it was leased.';
comment on column core.job.lease_id is 'The lease that holds it, null when it is ready; a lease that lost a job no longer finds it.';
comment on column core.job.actor is 'The principal who enqueued it, or the database login where there is none.';
comment on column core.job.request_id is 'The setting app.request_id: one id joins audit, events and jobs of one request.';

-- serves: core.lease, the next jobs of a queue; core.due_queues, which queues have any
create index job_ready_idx on core.job (tenant_id, queue, run_at, job_id) where lease_id is null;

-- serves: handlers, complete and fail, the jobs of a lease; core.reap, those that are leased at all
create index job_lease_idx on core.job (tenant_id, lease_id) where lease_id is not null;

-- serves: core.enqueue, one live job per key
create unique index job_dedupe_idx on core.job (tenant_id, queue, dedupe_key) where dedupe_key is not null;

-- When workers were last woken, in tenths of a second since 1970; a sequence for the reasons of core.event_notice.
create sequence core.job_notice;
comment on sequence core.job_notice is 'The tenth of a second in which workers were last notified.';

-- revert: drop sequence core.job_notice;
-- revert: drop table core.job;
