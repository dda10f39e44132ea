-- Completed jobs, partitioned by the UTC day of completion and kept as partitions/core.job_done.sql sets.
--
-- The payload is not kept: the handler stores the result of a job.
create table core.job_done (
    tenant_id uuid not null,
    finished_on date not null,
    job_id bigint not null,
    queue text not null,
    enqueued_at timestamptz not null,
    finished_at timestamptz not null,
    attempts integer not null,
    leased_by text,
    actor text not null,
    login text not null,
    request_id text,
    constraint job_done_pk primary key (tenant_id, job_id, finished_on)
) partition by range (finished_on);
comment on table core.job_done is 'One row per completed job.';

-- revert: drop table core.job_done;
