-- Returns the current value of each metric, with the problem and the remedy to print above its threshold. For ops.alert.
--
-- A statement per metric: one statement for all would join tables of tenants with those of the server, which a cluster
-- refuses.
create or replace function ops.measure()
returns table (name text, subject text, value numeric, problem text, remedy text)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        'connections',
        'this server',
        c.percent,
        format('%s of %s connections are in use.', c.taken, c.most),
        'Put a transaction pooler in front, or raise max_connections.'
    from ops.connections as c;
    return query
    select
        'response_time',
        t.source,
        coalesce(t.slow_ms, t.typical_ms),
        case
            when t.slow_ms is null then format('A statement takes %s ms on average.', t.typical_ms)
            else format('One answer in twenty takes %s ms or more, by %s samples of the last hour.', t.slow_ms, t.samples)
        end,
        'Find the slow statements in ops.slow_queries.'
    from ops.response_time as t;
    return query
    select
        'slow_queries',
        q.statement_id::text,
        q.mean_ms,
        format('A statement with %s calls takes %s ms: %s', q.calls, q.mean_ms, left(regexp_replace(q.query, '\s+', ' ', 'g'), 80)),
        format('See: select * from ops.slow_queries where statement_id = %s;', q.statement_id)
    from ops.slow_queries as q
    where q.calls >= 100;
    return query
    select
        'missing_fk_indexes',
        f.relation,
        1::numeric,
        format('No index of %s begins with the columns of %s: %s.', f.relation, f.foreign_key, f.columns),
        format('Add to a module: %s', f.remedy)
    from ops.missing_fk_indexes as f;
    return query
    select
        'unused_indexes',
        i.index,
        round(i.bytes / 1048576.0),
        format('The index %s has %s and was not used since %s.', i.index, pg_catalog.pg_size_pretty(i.bytes), i.unused_since::date),
        format('If no replica uses it either, drop it with a module: %s', i.remedy)
    from ops.unused_indexes as i
    where i.unused_since < core.clock() - interval '30 days';
    return query
    select
        'queue_waits',
        q.queue,
        q.longest_wait_s::numeric,
        format('Jobs of %s have waited for %s: %s are ready.', q.queue, make_interval(secs => q.longest_wait_s), q.ready),
        'Run stanchion worker run, or start another job worker.'
    from ops.queue_health as q;
    return query
    select
        'queue_dead',
        q.queue,
        q.dead::numeric,
        format('%s jobs of %s are dead, the latest since %s UTC.', q.dead, q.queue, (q.latest_death at time zone 'UTC')::timestamp(0)),
        'Read the errors with stanchion jobs list --state dead, then run stanchion jobs retry or cancel: docs/operations/jobs.md'
    from ops.queue_health as q;
    return query
    select
        'replication_lag',
        r.name,
        r.lag_s,
        format('The %s %s is %s behind.', r.kind, r.name, make_interval(secs => r.lag_s)),
        'Check the disk and network of the replica, and its queries that delay the replay.'
    from ops.replication_lag as r;
    return query
    select
        'slots_behind',
        r.name,
        round(r.behind_bytes / 1048576.0),
        format('The %s %s retains %s of WAL.', r.kind, r.name, pg_catalog.pg_size_pretty(r.behind_bytes)),
        format('Let its reader catch up, or run: select pg_drop_replication_slot(%L);', r.name)
    from ops.replication_lag as r
    where r.kind like 'slot%';
    return query
    select
        'shard_tables',
        t.node,
        t.shard_tables::numeric,
        format('The node %s has %s shard tables.', t.node, t.shard_tables),
        'Use partitions of months (select core.use_months()) or add a node: docs/operations/cluster.md'
    from core.shard_tables() as t;
    return query
    select
        'table_growth',
        g.relation,
        g.grown_percent,
        format('%s grew from %s to %s since %s.', g.relation, pg_catalog.pg_size_pretty(g.bytes - g.grown_bytes), pg_catalog.pg_size_pretty(g.bytes), g.since),
        'Find its writers; rows that expire belong into partitions.'
    from ops.table_growth as g
    where g.bytes > 1073741824;
    return query
    select
        'session_limits',
        s.pid::text,
        s.percent,
        format('Session %s of %s has %s.', s.pid, s.login, s.reason),
        case
            when s.percent < 100 then format('Ask its user to end it, or run: select pg_terminate_backend(%s);', s.pid)
            else 'Run stanchion sessions enforce, and schedule it or a job worker that may end sessions.'
        end
    from ops.session as s
    where s.percent is not null;
end;
$$;

comment on function ops.measure() is 'Returns one row per metric: its value, and the problem and the remedy to print above the threshold.';

-- revert: drop function ops.measure();
