-- State of each queue over all tenants. Each table of jobs is read once for all queues.
create or replace view ops.queue_health with (security_invoker = true) as
with clock as materialized (
    select core.clock() as at
),

job as (
    select
        i.queue,
        count(*) filter (where i.lease_id is null and i.run_at <= clock.at) as ready,
        count(*) filter (where i.lease_id is null and i.run_at > clock.at) as scheduled,
        count(*) filter (where i.lease_id is not null) as leased,
        count(*) filter (where i.leased_until <= clock.at) as overdue,
        min(i.run_at) filter (where i.lease_id is null and i.run_at <= clock.at) as waits_since
    from core.job as i
    cross join clock
    group by i.queue
),

dead as (
    select
        i.queue,
        count(*) as dead,
        max(i.died_at) as latest_death
    from core.job_dead as i
    group by i.queue
),

done as (
    select
        i.queue,
        count(*) as done_last_hour
    from core.job_done as i
    cross join clock
    where
        i.finished_on >= core.utc_day(clock.at - interval '1 hour')
        and i.finished_at > clock.at - interval '1 hour'
    group by i.queue
)

select
    q.queue,
    coalesce(j.ready, 0) as ready,
    coalesce(j.scheduled, 0) as scheduled,
    coalesce(j.leased, 0) as leased,
    coalesce(j.overdue, 0) as overdue,
    coalesce(extract(epoch from clock.at - j.waits_since), 0)::bigint as longest_wait_s,
    coalesce(d.dead, 0) as dead,
    d.latest_death,
    coalesce(f.done_last_hour, 0) as done_last_hour
from core.queue as q
cross join clock
left join job as j on j.queue = q.queue
left join dead as d on d.queue = q.queue
left join done as f on f.queue = q.queue;

comment on view ops.queue_health is
'One row per queue, with the number of jobs that are ready, scheduled for later, leased, past their lease or dead.';

-- revert: drop view ops.queue_health;
