-- Statements by total time over all their calls.
create or replace view ops.slow_queries with (security_invoker = true) as
select
    s.statement_id,
    s.calls,
    round(s.mean_ms::numeric, 3) as mean_ms,
    round(s.max_ms::numeric, 3) as max_ms,
    round(s.total_ms::numeric) as total_ms,
    round((100 * s.total_ms / nullif(sum(s.total_ms) over (), 0))::numeric, 1) as percent_of_time,
    s.rows,
    round((100 * (1 - s.pages_read / nullif(s.pages, 0)::double precision))::numeric, 1) as percent_from_memory,
    s.query
from ops.statements() as s
order by s.total_ms desc;

comment on view ops.slow_queries is
'One row per statement, the most expensive first; no row where the server has no pg_stat_statements.';

-- needs: ops.statements
-- revert: drop view ops.slow_queries;
