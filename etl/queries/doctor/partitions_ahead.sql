-- Every partitioned table has its days ahead.
with day as (
    select s.relation, core.utc_day(core.clock()) + d.ahead as day
    from core.partition_set as s
    cross join lateral generate_series(0, s.days_ahead) as d (ahead)
)

select
    format('%s has no partition for %s: writing on that day would be refused.', d.relation, string_agg(d.day::text, ', ' order by d.day)) as problem,
    'Run: stanchion deploy, or select core.ensure_due_partitions();' as remedy
from day as d
where to_regclass(format('parts.%I', replace(d.relation, '.', '__') || to_char(d.day, '"__"YYYYMMDD'))) is null
group by d.relation
