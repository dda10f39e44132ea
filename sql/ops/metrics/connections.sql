-- Connections of the server by state, with the limit. Every role may count connections; their states are visible for the
-- roles that the reader may see: all of them with pg_read_all_stats.
create or replace view ops.connections with (security_invoker = true) as
select
    taken.number as taken,
    most.number as most,
    round(100.0 * taken.number / most.number, 1) as percent,
    doing.active,
    doing.idle,
    doing.idle_in_transaction,
    doing.waiting,
    doing.oldest_transaction
from (select sum(d.numbackends) as number from pg_catalog.pg_stat_database as d) as taken
cross join (select current_setting('max_connections')::integer as number) as most
cross join (
    select
        count(*) filter (where a.state = 'active') as active,
        count(*) filter (where a.state = 'idle') as idle,
        count(*) filter (where a.state like 'idle in transaction%') as idle_in_transaction,
        count(*) filter (where a.wait_event_type = 'Lock') as waiting,
        min(a.xact_start) as oldest_transaction
    from pg_catalog.pg_stat_activity as a
    where a.backend_type = 'client backend'
) as doing;

comment on view ops.connections is 'One row: the number of connections, their limit and their states.';

-- revert: drop view ops.connections;
