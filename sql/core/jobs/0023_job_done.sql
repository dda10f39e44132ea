-- Jobs that were done, by the UTC day on which they were, for as long as partitions/core.job_done.sql says.
--
-- Without their payload: what came of a job is where its handler put it.
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
    request_id text,
    constraint job_done_pk primary key (tenant_id, job_id, finished_on)
) partition by range (finished_on);
comment on table core.job_done is 'One row per job that was done.';

-- revert: drop table core.job_done;
