-- name: amcheck_schema
-- The schema of the extension amcheck, if this login may execute its functions.
select n.nspname
from pg_extension as e
join pg_namespace as n on n.oid = e.extnamespace
where
    e.extname = 'amcheck'
    and (
        select bool_and(has_function_privilege(p.oid, 'execute'))
        from pg_proc as p
        where p.pronamespace = n.oid and p.proname in ('bt_index_check', 'verify_heapam')
    );

-- name: consumers
-- Sets each consumer of a tenant to the end of the events that it has read. The query events must run first: afterwards
-- the last of them has position 0.
update core.consumer as c
set transaction_id = places.before::text::xid8, position = 0
from (
    select
        p.consumer,
        dense_rank() over (order by p.transaction_id, p.position) as before
    from core.consumer as p
    where p.tenant_id = %(tenant)s
) as places
where c.tenant_id = %(tenant)s and places.consumer = c.consumer;

-- name: events
-- Gives the events of a tenant transaction ids and positions before all those of a new home, and keeps the set of events
-- that each consumer has read. The transaction id becomes 1 and the number of consumer places before the event, since a
-- new consumer begins at 0. The position becomes the rank among the old ones, up to 0.
update core.event as e
set transaction_id = ranked.before::text::xid8, position = ranked.rank, writer_id = '1'
from (
    select
        x.stream_type,
        x.stream_id,
        x.version,
        x.recorded_on,
        1 + (
            select count(*)
            from (
                select distinct
                    c.transaction_id,
                    c.position
                from core.consumer as c
                where c.tenant_id = %(tenant)s
            ) as place
            where (place.transaction_id, place.position) < (x.transaction_id, x.position)
        ) as before,
        row_number() over (order by x.position) - count(*) over () as rank
    from core.event as x
    where x.tenant_id = %(tenant)s
) as ranked
where
    e.tenant_id = %(tenant)s
    and e.stream_type = ranked.stream_type
    and e.stream_id = ranked.stream_id
    and e.version = ranked.version
    and e.recorded_on = ranked.recorded_on;

-- name: relations_to_check
-- Every table, TOAST table, materialized view and valid B-tree index, the smallest first, with the statement that checks
-- it. Temporary tables of other sessions cannot be read.
select
    format('%%I.%%I', n.nspname, c.relname) as name,
    case c.relkind when 'i' then 'index' else 'table' end as kind,
    case c.relkind
        when 'i' then format('select nullif(%%I.bt_index_check(%%s, true)::text, %%L)', %(amcheck)s::text, c.oid, '')
        else
            format(
                'select format(%%L, v.blkno, v.msg) from %%I.verify_heapam(%%s, check_toast => true) as v limit 1',
                'block %%s: %%s', %(amcheck)s::text, c.oid
            )
    end as statement
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
left join pg_index as x on x.indexrelid = c.oid
left join pg_am as a on a.oid = c.relam
where
    c.relpersistence <> 't'
    and (
        (c.relkind in ('r', 't', 'm') and a.amname = 'heap')
        or (c.relkind = 'i' and a.amname = 'btree' and x.indisvalid and x.indisready)
    )
order by c.relpages, c.oid;

-- name: regrant
-- Binds the grants of these analyst logins to the role ids that the logins have on this server.
update core.analyst_grant as g
set role_id = r.oid
from pg_roles as r
where r.rolname = g.role_name and g.role_name = any(%(logins)s) and g.role_id <> r.oid;

-- name: session_limits
-- The limits of each role, from the lowest to the highest.
select
    replace(l.role_name, 'stanchion_', '') as role,
    l.transaction_s,
    l.idle_s,
    l.xid_s,
    l.blocking_s,
    l.locks,
    l.connections_percent,
    l.notify_percent
from ops.session_limit as l
order by l.transaction_s asc, l.role_name asc;

-- name: sessions
-- Sessions of clients, those nearest to a limit first.
select
    s.pid,
    s.login,
    coalesce(replace(s.role_name, 'stanchion_', ''), 'no limits') as role,
    s.database,
    s.state,
    extract(epoch from clock_timestamp() - s.connected_at)::bigint as connected_s,
    extract(epoch from clock_timestamp() - s.transaction_since)::bigint as transaction_s,
    s.locks,
    s.holds_back,
    s.percent::bigint as limit_percent,
    case when s.percent >= 50 then s.reason end as reason
from ops.session as s
order by s.percent desc nulls last, s.transaction_since asc nulls last, s.pid asc;

-- name: sessions_over_limits
-- Sessions that ops.end_sessions would end now.
select s.pid, s.login, s.role_name, s.reason
from ops.session as s
where s.percent >= 100 and s.pid <> pg_backend_pid()
order by s.percent desc;

-- name: stale_grants
-- Analyst grants whose role id is not that of the login of this name. is_there is true when that login exists and is a
-- member of stanchion_analyst only.
select
    g.role_name as login,
    array_agg(t.slug order by t.slug) as tenants,
    coalesce(
        bool_or(
            r.rolcanlogin and not (r.rolsuper or r.rolbypassrls or r.rolcreaterole)
            and array(
                select m.roleid
                from pg_auth_members as m
                where m.member = r.oid
            ) = array['stanchion_analyst'::regrole::oid]
        ),
        false
    ) as is_there
from core.analyst_grant as g
join core.tenant as t on t.tenant_id = g.tenant_id
left join pg_roles as r on r.rolname = g.role_name
where r.oid is distinct from g.role_id
group by g.role_name
order by g.role_name;

-- name: stats_age
-- Time and age in seconds of the tenant statistics and of each mart.
select
    kept.name,
    kept.refreshed_at,
    extract(epoch from core.clock() - kept.refreshed_at)::bigint as age_s
from (
    select
        'workspace.tenant_stats' as name,
        min(s.refreshed_at) as refreshed_at
    from hidden.tenant_stats as s
    union all
    select
        r.model,
        r.refreshed_at
    from core.stat_refresh as r
    where r.model like 'marts.%'
) as kept
order by kept.refreshed_at asc nulls first, kept.name asc;

-- name: streams
-- Sets the transaction id of each stream of a tenant to that of its last event, or to 0 when its events have expired.
update core.event_stream as s
set transaction_id = coalesce(last.transaction_id, '0')
from core.event_stream as o
left join (
    select
        e.stream_type,
        e.stream_id,
        max(e.transaction_id) as transaction_id
    from core.event as e
    where e.tenant_id = %(tenant)s
    group by e.stream_type, e.stream_id
) as last on last.stream_type = o.stream_type and last.stream_id = o.stream_id
where
    s.tenant_id = %(tenant)s
    and o.tenant_id = %(tenant)s
    and o.stream_type = s.stream_type
    and o.stream_id = s.stream_id;

-- name: tenants_with_positions
-- Tenants that have events or consumers.
select t.tenant_id
from core.tenant as t
where
    exists (
        select from core.event_stream as s
        where s.tenant_id = t.tenant_id
    )
    or exists (
        select from core.consumer as c
        where c.tenant_id = t.tenant_id
    );

-- name: threshold_alerts
-- The number of alerts of each threshold, for postgres_exporter.
select
    w.name as "check",
    'warning' as severity,
    count(a.name) as count
from ops.threshold as w
left join ops.alert as a on a.name = w.name
group by w.name;

-- name: thresholds
-- The promise of each threshold, with the problem and the remedy of each of its alerts.
select
    w.name,
    w.promise,
    a.problem,
    a.remedy
from ops.threshold as w
left join ops.alert as a on a.name = w.name
order by w.name, a.subject;
