-- State of each queue over all tenants.
create or replace view ops.queue_health with (security_invoker = true) as
select
    q.queue,
    j.ready,
    j.scheduled,
    j.leased,
    j.overdue,
    coalesce(extract(epoch from clock.at - j.waits_since), 0)::bigint as longest_wait_s,
    d.dead,
    d.latest_death,
    f.done_last_hour
from core.queue as q
cross join (select core.clock() as at) as clock
cross join
    lateral (
        select
            count(*) filter (where i.lease_id is null and i.run_at <= clock.at) as ready,
            count(*) filter (where i.lease_id is null and i.run_at > clock.at) as scheduled,
            count(*) filter (where i.lease_id is not null) as leased,
            count(*) filter (where i.leased_until <= clock.at) as overdue,
            min(i.run_at) filter (where i.lease_id is null and i.run_at <= clock.at) as waits_since
        from core.job as i
        where i.queue = q.queue
    ) as j
cross join
    lateral (
        select
            count(*) as dead,
            max(i.died_at) as latest_death
        from core.job_dead as i
        where i.queue = q.queue
    ) as d
cross join lateral (
    select count(*) as done_last_hour
    from core.job_done as i
    where
        i.queue = q.queue
        and i.finished_on >= core.utc_day(clock.at - interval '1 hour')
        and i.finished_at > clock.at - interval '1 hour'
) as f;

comment on view ops.queue_health is
'One row per queue, with the number of jobs that are ready, scheduled for later, leased, past their lease or dead.';

-- revert: drop view ops.queue_health;
