-- name: details
-- Everything that is stored about the jobs with these ids. Ids are unique on plain Postgres, and per node of a cluster.
select
    t.slug as tenant,
    found.job_id,
    found.state,
    found.facts - '{tenant_id,job_id}'::text[] as facts
from (
    select
        j.tenant_id,
        j.job_id,
        case when j.lease_id is null then 'ready' else 'leased' end as state,
        to_jsonb(j) as facts
    from core.job as j
    union all
    select
        d.tenant_id,
        d.job_id,
        'done' as state,
        to_jsonb(d) as facts
    from core.job_done as d
    union all
    select
        d.tenant_id,
        d.job_id,
        'dead' as state,
        to_jsonb(d) as facts
    from core.job_dead as d
) as found
join core.tenant as t on t.tenant_id = found.tenant_id
where found.job_id = any(%(jobs)s) and (%(slug)s::text is null or t.slug = %(slug)s)
order by t.slug, found.job_id;

-- name: due
-- Tenants of this node with due jobs or expired leases.
select d.tenant_id, d.queue, d.is_over
from core.due_queues(%(queue)s) as d
where core.is_at_home(d.tenant_id);

-- name: list
-- The latest jobs, newest first.
select
    t.slug as tenant,
    s.job_id as job,
    s.queue,
    s.state,
    s.enqueued_at,
    s.attempts,
    s.last_error
from core.job_state as s
join core.tenant as t on t.tenant_id = s.tenant_id
where
    (%(slug)s::text is null or t.slug = %(slug)s)
    and (%(queue)s::text is null or s.queue = %(queue)s)
    and (%(state)s::text is null or s.state = %(state)s)
order by s.enqueued_at desc, s.job_id desc
limit %(most)s;

-- name: operation_runs
-- The latest runs of the platform's periodic work, newest first.
select
    null as tenant,
    r.run_id as job,
    r.kind as queue,
    r.state,
    r.enqueued_at,
    r.attempts,
    r.last_error
from core.operation_run as r
where
    (%(queue)s::text is null or r.kind = %(queue)s)
    and (%(state)s::text is null or r.state = %(state)s)
order by r.enqueued_at desc, r.run_id desc
limit %(most)s;

-- name: operation_details
-- Everything that is stored about the runs with these ids.
select
    null as tenant,
    r.run_id as job_id,
    r.state,
    to_jsonb(r) - 'run_id' as facts
from core.operation_run as r
where r.run_id = any(%(jobs)s)
order by r.run_id;

-- name: operations
-- The periodic work of the platform.
select
    null as tenant,
    o.kind as name,
    o.cron,
    o.zone,
    null as queue,
    case when o.is_enabled then nullif(o.next_at, 'epoch') end as next_at,
    last.slot as last_at,
    case when not o.is_enabled then 'paused' when o.next_at > 'epoch' then 'enabled' else 'never run' end as state
from core.operation as o
left join lateral (
    select max(r.slot) as slot from core.operation_run as r
    where r.kind = o.kind
) as last on true
order by o.kind;

-- name: periodic_jobs
-- The periodic jobs of tenants.
select
    t.slug as tenant,
    p.name,
    p.cron,
    p.zone,
    p.queue,
    case when p.is_enabled then p.next_at end as next_at,
    p.last_at,
    case when p.is_enabled then 'enabled' else 'paused' end as state
from core.periodic_job as p
join core.tenant as t on t.tenant_id = p.tenant_id
where %(slug)s::text is null or t.slug = %(slug)s
order by t.slug, p.name;

-- name: retry_run
-- Makes a dead run ready, with all attempts of its kind.
update core.operation_run as r
set state = 'ready', attempts = 0, run_at = core.clock()
where r.run_id = %(run)s and r.state = 'dead'
returning true;

-- name: set_operation
-- Changes the expression of a kind of periodic work.
update core.operation as o
set cron = %(cron)s, zone = %(zone)s, is_enabled = true, next_at = core.next_run(%(cron)s, %(zone)s, core.clock())
where o.kind = %(kind)s
returning o.next_at;

-- name: pause_operation
-- Pauses a kind of periodic work, or resumes it from the next time on.
update core.operation as o
set is_enabled = not %(paused)s, next_at = core.next_run(o.cron, o.zone, core.clock())
where o.kind = %(kind)s
returning o.next_at;

-- name: stats
-- Number of jobs in each state, and the longest wait, of each queue.
select
    q.queue,
    q.ready,
    q.scheduled,
    q.leased,
    q.overdue,
    q.dead,
    q.done_last_hour,
    q.longest_wait_s
from ops.queue_health as q
order by q.queue;

-- name: waiting
-- Counts the jobs that a drain waits for, and the jobs that are scheduled for later and were never tried.
select
    count(*) filter (where not (j.run_at > core.clock() and j.attempts = 0 and j.lease_id is null)) as waiting,
    count(*) filter (where j.run_at > core.clock() and j.attempts = 0 and j.lease_id is null) as later
from core.job as j
where $1::text is null or j.queue = $1;
