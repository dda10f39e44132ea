-- Sessions of the clients of this server, with the work that they hold back, and the share of the nearest limit.
--
-- A login that is a member of several roles has the limits of the role with the longest transactions. The ages are times of
-- the server and not of core.clock(), as in pg_stat_activity. Postgres shows them for other logins only to superusers and
-- to members of pg_read_all_stats.
create or replace view ops.session with (security_invoker = true) as
with lock as materialized (
    select
        l.pid,
        l.granted,
        l.waitstart
    from pg_catalog.pg_locks as l
    where l.pid is not null
),

held as (
    select
        l.pid,
        count(*) filter (where l.granted) as locks,
        bool_and(l.granted) as waits_for_none
    from lock as l
    group by l.pid
),

waiting as (
    select
        b.pid,
        count(distinct l.pid) as sessions,
        max(extract(epoch from clock_timestamp() - l.waitstart)) as seconds
    from lock as l
    cross join lateral unnest(pg_catalog.pg_blocking_pids(l.pid)) as b (pid)
    where not l.granted
    group by b.pid
),

each as (
    select
        a.pid,
        a.usename as login,
        a.datname as database,
        a.application_name as application,
        a.client_addr as client,
        a.state,
        a.backend_start as connected_at,
        a.xact_start as transaction_since,
        a.backend_xid is not null as has_xid,
        a.backend_xmin is not null as has_snapshot,
        coalesce(h.locks, 0) as locks,
        -- a session that itself waits is not the cause
        case when h.waits_for_none then coalesce(w.sessions, 0) else 0 end as blocks,
        case when h.waits_for_none then coalesce(w.seconds, 0) else 0 end as blocking_s,
        coalesce(extract(epoch from clock_timestamp() - a.xact_start), 0) as transaction_s,
        case
            when a.state like 'idle in transaction%' then coalesce(extract(epoch from clock_timestamp() - a.state_change), 0)
            else 0
        end as idle_s,
        m.role_name
    from pg_catalog.pg_stat_activity as a
    left join held as h on h.pid = a.pid
    left join waiting as w on w.pid = a.pid
    left join lateral (
        select l.role_name
        from ops.session_limit as l
        where
            pg_catalog.pg_has_role(a.usesysid, l.role_name::name, 'member')
            and not pg_catalog.pg_has_role(a.usesysid, 'stanchion_owner', 'member')
        order by l.transaction_s desc
        limit 1
    ) as m on true
    where a.backend_type = 'client backend'
),

ranked as (
    select
        e.*,
        row_number() over (partition by e.role_name order by e.connected_at, e.pid) as nth_connection,
        row_number() over (
            partition by e.role_name order by e.transaction_since nulls last, e.pid
        ) as nth_transaction
    from each as e
)

select
    r.pid,
    r.login,
    r.role_name,
    r.database,
    r.application,
    r.client,
    r.state,
    r.connected_at,
    r.transaction_since,
    r.locks,
    r.blocks,
    array_remove(
        array[
            case when r.has_xid then 'events of later transactions' end,
            case when r.has_snapshot then 'vacuum' end,
            case when r.blocks > 0 then format('%s waiting sessions', r.blocks) end
        ],
        null
    ) as holds_back,
    nearest.percent,
    nearest.reason
from ranked as r
left join ops.session_limit as l on l.role_name = r.role_name
left join lateral (
    select
        round(100 * u.used / u.most) as percent,
        format(u.text, case when u.used >= 1 then round(u.used) else round(u.used, 3) end, trim_scale(u.most)) as reason
    from (
        values
        (r.transaction_s, l.transaction_s, 'a transaction open for %s s (limit: %s s)'),
        (r.idle_s, l.idle_s, 'been idle in a transaction for %s s (limit: %s s)'),
        (
            case when r.has_xid then r.transaction_s else 0 end, l.xid_s,
            'held back events for %s s by a transaction id (limit: %s s)'
        ),
        (r.blocking_s, l.blocking_s, 'kept other sessions waiting for %s s (limit: %s s)'),
        (r.locks::numeric, l.locks, '%s locks (limit: %s)'),
        (
            r.nth_connection * 100.0 / current_setting('max_connections')::integer, l.connections_percent,
            'a connection at %s %% of max_connections for its role (limit: %s %%)'
        ),
        (
            case
                when r.nth_transaction = 1 and r.transaction_since is not null
                    then 100 * pg_catalog.pg_notification_queue_usage()::numeric
                else 0
            end,
            l.notify_percent, 'the oldest transaction while the notification queue is %s %% full (limit: %s %%)'
        )
    ) as u (used, most, text)
    order by u.used / u.most desc
    limit 1
) as nearest on l.role_name is not null;

comment on view ops.session is
'One row per client session of the server: its role, locks, the work that it holds back, and the limit that it is nearest to, in percent.';

grant select on ops.session to stanchion_worker;

-- revert: drop view ops.session;
