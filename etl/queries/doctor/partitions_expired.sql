-- Days that are past their time are gone.
with plan as materialized (  -- asking the guards may take a while
    select e.relation, e.day, e.step, e.reason from core.plan_expiry() as e
)

select
    format('%s of %s: %s', e.day, e.relation, e.reason) as problem,
    'Put it right, then run: stanchion partitions run' as remedy
from plan as e
where e.step = 'stuck'
union all
select
    format('%s has had days past their time since %s; the last run was %s.', e.relation, min(e.day), coalesce(s.ran_at::date::text, 'never')),
    'Run: stanchion partitions run, and let a scheduler run it.'
from plan as e
join core.partition_set as s on s.relation = e.relation
where
    e.step in ('expire', 'finish', 'drop')
    and e.day < core.utc_day(core.clock()) - s.days_kept - 2
    and coalesce(s.ran_at, '-infinity') < core.clock() - interval '2 days'
group by e.relation, s.ran_at
