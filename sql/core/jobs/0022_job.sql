-- Jobs that are ready or leased. Completed and dead jobs move to core.job_done and core.job_dead.
--
-- Rows live for seconds, so autovacuum starts after a number of dead rows and not after a share of the table.
create sequence core.job_job_id_seq;
comment on sequence core.job_job_id_seq is 'Numbers of jobs, in the order of enqueueing.';

create table core.job (
    tenant_id uuid not null,
    -- not an identity column: Citus could not change the shards of the table, nor make it an ordinary table again
    job_id bigint not null default nextval('core.job_job_id_seq'),
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
    login text not null default session_user,
    request_id text,
    constraint job_pk primary key (tenant_id, job_id),
    constraint job_dedupe_key_short check (length(dedupe_key) <= 500),
    constraint job_leased_whole check ((lease_id is null) = (leased_until is null))
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
alter sequence core.job_job_id_seq owned by core.job.job_id;
comment on table core.job is 'One row per job that is ready or leased.';
comment on column core.job.job_id is 'Number of the job, in the order of enqueueing.';
comment on column core.job.run_at is 'Earliest start: in the future for a scheduled job and for a failed job that waits.';
comment on column core.job.attempts is 'Number of times that the job was leased.';
comment on column core.job.lease_id is 'Lease of the job, null while it is ready. A lease that lost the job no longer finds it.';
comment on column core.job.actor is 'The principal who enqueued the job, or the database login when no principal is set.';
comment on column core.job.login is 'Database login that enqueued the job, whatever principal its session set.';
comment on column core.job.request_id is 'The setting app.request_id: one id joins the audit rows, events and jobs of a request.';

-- serves: core.lease, the next jobs of a queue; core.due_queues, the queues that have any
create index job_ready_idx on core.job (tenant_id, queue, run_at, job_id) where lease_id is null;

-- serves: handlers, complete and fail, the jobs of a lease; core.reap, all leased jobs
create index job_lease_idx on core.job (tenant_id, lease_id) where lease_id is not null;

-- serves: core.enqueue, one live job per key
create unique index job_dedupe_idx on core.job (tenant_id, queue, dedupe_key) where dedupe_key is not null;

-- The tenth of a second in which job workers were last notified; a sequence for the reasons of core.event_notice.
create sequence core.job_notice;
comment on sequence core.job_notice is 'The tenth of a second in which job workers were last notified.';

-- revert: drop sequence core.job_notice;
-- revert: drop table core.job;
