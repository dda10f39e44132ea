-- Every partitioned table has its days ahead.
with day as (
    select s.relation, core.utc_day(core.clock()) + d.ahead as day
    from core.partition_set as s
    cross join lateral generate_series(0, s.days_ahead) as d (ahead)
    where to_regclass(s.relation) is not null
)

select
    format('%s has no partition for %s: writing on that day would be refused.', d.relation, string_agg(d.day::text, ', ' order by d.day)) as problem,
    'Run: stanchion partitions ensure, and let a scheduler run it.' as remedy
from day as d
where
    not exists (
        select 1 from core.partition as p
        where
            p.relation = d.relation
            and p.state in ('attached', 'endless')
            and coalesce(p.day, '-infinity') <= d.day
            and coalesce(p.until, 'infinity') > d.day
    )
group by d.relation
