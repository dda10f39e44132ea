-- Jobs that failed as often as their queue allows. A person revives them with core.revive or deletes them.
create table core.job_dead (
    tenant_id uuid not null,
    job_id bigint not null,
    queue text not null,
    payload jsonb not null,
    dedupe_key text,
    enqueued_at timestamptz not null,
    died_at timestamptz not null,
    attempts integer not null,
    last_error text,
    actor text not null,
    login text not null,
    request_id text,
    constraint job_dead_pk primary key (tenant_id, job_id)
);
comment on table core.job_dead is 'One row per job that is not retried any more.';

-- revert: drop table core.job_dead;
