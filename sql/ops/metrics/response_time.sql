-- Response times: as applications record them (the timing response_time), and as the server measures them where it has
-- pg_stat_statements.
create or replace view ops.response_time with (security_invoker = true) as
select
    'applications, last hour' as source,
    m.samples,
    round(m.p50::numeric, 1) as typical_ms,
    round(m.p95::numeric, 1) as slow_ms
from ops.metric_hour as m
where m.name = 'response_time' and m.kind = 'timing'
union all
select
    'server, since its statistics begin',
    sum(s.calls)::bigint,
    round((sum(s.total_ms) / sum(s.calls))::numeric, 1),
    null
from ops.statements() as s
having sum(s.calls) > 0;

comment on view ops.response_time is
'One row per available source: typical_ms is the median of applications and the mean of the server, slow_ms the 95th percentile.';

-- needs: ops.metric_hour, ops.statements
-- revert: drop view ops.response_time;
