-- Periodic jobs of tenants: a job that is enqueued at each time of a cron expression.
--
-- The next run of each enabled periodic job waits as a job of the queue core.periodic, and core.enqueue_periodic is the
-- handler of that queue. So job workers need no other way to find the due ones.
create table core.periodic_job (
    tenant_id uuid not null,
    name text not null,
    queue text not null,
    payload jsonb not null,
    cron text not null,
    zone text not null,
    is_enabled boolean not null default true,
    next_at timestamptz not null,
    last_at timestamptz,
    last_job bigint,
    set_at timestamptz not null,
    constraint periodic_job_pk primary key (tenant_id, name),
    constraint periodic_job_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade,
    constraint periodic_job_name_short check (name ~ '\S' and length(name) <= 100),
    constraint periodic_job_payload_object check (jsonb_typeof(payload) = 'object')
);
comment on table core.periodic_job is 'One row per periodic job of a tenant.';
comment on column core.periodic_job.queue is 'Queue of the jobs.';
comment on column core.periodic_job.payload is 'Payload of each job, to which the time of the run is added as "slot".';
comment on column core.periodic_job.zone is 'IANA time zone in which the cron expression is evaluated.';
comment on column core.periodic_job.is_enabled is 'False while the periodic job is paused.';
comment on column core.periodic_job.next_at is 'Time of the next run. A job of core.periodic for another time is ignored, so no run happens twice.';
comment on column core.periodic_job.last_at is 'Time of the last run: the first missed time, when several were caught up by one run.';
comment on column core.periodic_job.last_job is 'Id of the job of the last run.';

-- with the backoff of an hour at most, a failing run is retried for four days
insert into core.queue (queue, handler, batch, lease, attempts, description)
values ('core.periodic', 'core.enqueue_periodic', 50, '1 minute', 100, 'Next runs of periodic jobs');

insert into core.config_key (namespace, key, value_type, minimum, maximum, default_value, description)
values ('jobs', 'periodic_jobs', 'integer', 0, 10000, '50', 'Most periodic jobs of the tenant');

-- revert: delete from core.tenant_config
-- revert: where namespace = 'jobs' and key = 'periodic_jobs';
-- revert: delete from core.config_key
-- revert: where namespace = 'jobs' and key = 'periodic_jobs';
-- revert: delete from core.queue
-- revert: where queue = 'core.periodic';
-- revert: drop table core.periodic_job;
