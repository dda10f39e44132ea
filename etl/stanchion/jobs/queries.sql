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
