-- Measurements of applications within the last hour.
create or replace view ops.metric_hour with (security_invoker = true) as
select
    s.name,
    s.kind,
    count(*) as samples,
    sum(s.value) as total,
    min(s.value) as lowest,
    percentile_cont(0.5) within group (order by s.value) as p50,
    percentile_cont(0.95) within group (order by s.value) as p95,
    percentile_cont(0.99) within group (order by s.value) as p99,
    max(s.value) as highest,
    max(s.sampled_at) as latest_at
from ops.metric_sample as s
cross join (select core.clock() as at) as clock
where
    s.sampled_on >= core.utc_day(clock.at - interval '1 hour')
    and s.sampled_at > clock.at - interval '1 hour'
group by s.name, s.kind;

comment on view ops.metric_hour is 'One row per metric and kind measured within the last hour.';

-- revert: drop view ops.metric_hour;
