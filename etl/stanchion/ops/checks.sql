-- name: audit_leftovers
-- No killed audit left its tenants.
select
    format('An audit was killed and left the tenant %s, which is also in the marts and in counts.', t.slug) as problem,
    'Run: stanchion audit' as remedy
from core.tenant as t
where
    t.slug ~ '^stanchion-audit-(ours|theirs)-[0-9a-f]{8}$'
    and t.name ~ '^mark[0-9a-f]{12}$'
    and not exists (  -- the lock of a running audit: etl/stanchion/audit/run.py
        select 1 from pg_locks as l
        where l.locktype = 'advisory' and l.classid = 0 and l.objid = 1470734545 and l.granted
    );

-- name: durability
-- Committed data survives a crash.
select
    format('%s is off, expected on: a crash can lose or damage committed data.', s.name) as problem,
    format('Run: alter system set %s = on; then: select pg_reload_conf();', s.name) as remedy
from pg_settings as s
where s.name in ('fsync', 'full_page_writes', 'synchronous_commit') and s.setting = 'off';

-- name: events_of_another_server
-- Events and consumers refer to transactions of this server.
--
-- On a cluster, these are the transactions of the node of each tenant; every node checks its own tenants.
select
    format(
        '%s event streams or consumers refer to transactions of another server: consumers may never receive events appended now.',
        count(*)
    ) as problem,
    'Run: stanchion after-restore' as remedy
from (
    select s.tenant_id, s.transaction_id from core.event_stream as s
    union all
    select c.tenant_id, c.transaction_id from core.consumer as c
) as known
where known.transaction_id >= pg_snapshot_xmax(pg_current_snapshot()) and core.is_at_home(known.tenant_id)
having count(*) > 0;

-- name: grants_without_login
-- Every analyst grant belongs to a login that exists.
select
    format('%s has grants for %s tenants, but that login was dropped, or dropped and made again; the grants give a new login no access.', g.role_name, count(*))
        as problem,
    format(
        'After a restore, run: stanchion after-restore. Otherwise run: stanchion analyst add %s ... or: delete from core.analyst_grant where role_name = %L;',
        g.role_name,
        g.role_name
    ) as remedy
from core.analyst_grant as g
where
    not exists (
        select 1 from pg_roles as r
        where r.oid = g.role_id and r.rolname = g.role_name
    )
group by g.role_name;

-- name: invalid_indexes
-- Every index is valid.
select
    format('The index %s is invalid: writes maintain it, but no query uses it.', x.indexrelid::regclass) as problem,
    format('Run: drop index concurrently %s; then create the index again.', x.indexrelid::regclass) as remedy
from pg_index as x
where not x.indisvalid and not exists (
    select 1 from pg_stat_progress_create_index as p
    where p.index_relid = x.indexrelid
);

-- name: loads_dead
-- Every load in state running has a session.
--
-- The marts leave out all loads from the oldest running one on. On a cluster, the session of a load is at the node of its
-- tenant; every node checks its own tenants.
with running as materialized (
    select b.load_id, b.started_at from landing.load_batch as b
    where b.state = 'running' and core.is_at_home(b.tenant_id)
)

select
    format(
        'Load %s is in state running since %s, but its session has ended.',
        b.load_id,
        to_char(b.started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
    ) as problem,
    'The next load of the tenant marks it as reaped; or run: stanchion psql -c "select landing.reap_loads()"' as remedy
from running as b
where
    not exists (
        select from pg_locks as l
        where
            l.locktype = 'advisory' and l.objsubid = 1
            and l.classid::bigint = (landing.load_lock(b.load_id) >> 32) & 4294967295
            and l.objid::bigint = landing.load_lock(b.load_id) & 4294967295
    );

-- name: long_transactions
-- No transaction is open for longer than an hour.
select
    format('Session %s of %s has a transaction open since %s: vacuum cannot remove rows deleted since then.', a.pid, a.usename, a.xact_start::timestamp(0))
        as problem,
    format('Ask its user to end it, or run: select pg_terminate_backend(%s);', a.pid) as remedy
from pg_stat_activity as a
where a.xact_start < now() - interval '1 hour' and a.backend_type = 'client backend';

-- name: partitions_ahead
-- Every partitioned table has its partitions ahead.
select
    format('%s has no partition for %s: inserts of rows of that day would fail.', p.relation, array_to_string(p.days_missing, ', ')) as problem,
    'Run: stanchion partitions ensure, and schedule it.' as remedy
from ops.partition_health as p
where cardinality(p.days_missing) > 0;

-- name: partitions_contended
-- The last attempt to expire each due partition succeeded.
--
-- Only the latest log entry of a day counts, and only while its partition still exists and is still due.
with latest as (
    select distinct on (l.relation, l.day) l.relation, l.day, l.outcome, l.reason, l.happened_at
    from core.partition_log as l
    where l.day is not null
    order by l.relation asc, l.day asc, l.log_id desc
),

still as (
    select p.relation, p.day
    from core.partition as p
    join core.partition_set as s on s.relation = p.relation
    where p.state <> 'attached' or p.until <= core.utc_day(core.clock()) - s.days_kept
)

select
    format(
        '%s partitions of %s, the oldest of %s, could not be expired at %s UTC: %s',
        count(*), l.relation, min(l.day), to_char(max(l.happened_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), l.reason
    ) as problem,
    case l.outcome
        when 'contended' then 'End that transaction, then run: stanchion partitions run'
        else 'Correct the cause, then run: stanchion partitions run'
    end as remedy
from latest as l
join still as s on s.relation = l.relation and s.day = l.day
where l.outcome in ('contended', 'failed')
group by l.relation, l.outcome, l.reason;

-- name: partitions_expired
-- Every partition past its retention time was dropped.
with plan as materialized (  -- evaluated once, since it calls the guards, which can be slow
    select e.relation, e.day, e.until, e.step, e.reason from core.plan_expiry() as e
)

select
    format('The partition of %s of %s cannot be expired: %s', e.day, e.relation, e.reason) as problem,
    'Correct the cause, then run: stanchion partitions run' as remedy
from plan as e
where e.step = 'stuck'
union all
select
    format('%s has partitions past their retention time, the oldest of %s; the last run: %s.', e.relation, min(e.day), coalesce(s.ran_at::date::text, 'never')),
    'Run: stanchion partitions run, and schedule it.'
from plan as e
join core.partition_set as s on s.relation = e.relation
where
    e.step in ('expire', 'finish', 'drop')
    and e.until <= core.utc_day(core.clock()) - s.days_kept - 2
    and coalesce(s.ran_at, '-infinity') < core.clock() - interval '2 days'
group by e.relation, s.ran_at;

-- name: partitions_half_way
-- No partition is half detached.
--
-- A running `stanchion partitions run` detaches partitions, so alerts are suppressed while one is active.
select
    case p.state
        when 'detaching' then format('%s of %s is half detached: its rows are invisible, and no other partition can be detached.', p.day, p.relation)
        else format('%s of %s is detached but not dropped.', p.day, p.relation)
    end as problem,
    'Run: stanchion partitions run' as remedy
from core.partition as p
where
    p.state in ('detaching', 'detached')
    and not exists (
        select 1 from pg_locks as l
        where l.locktype = 'advisory' and l.classid = 0 and l.objid = core.partition_run_lock()::oid and l.granted
    );

-- name: partitions_of_days
-- Every partition covers a range of days.
select
    format('%s has the partition %s, which does not cover a range of days: it prevents making and expiring partitions.', p.relation, p.child) as problem,
    'Move its rows into partitions of days, months or years and drop it, as described in docs/operations/partitions.md.' as remedy
from core.partition as p
where p.state in ('default', 'endless')
union all
select
    format('core.partition_set has a row for %s, which does not exist.', s.relation),
    format('Create the table, or run: delete from core.partition_set where relation = %L;', s.relation)
from core.partition_set as s
where to_regclass(s.relation) is null;

-- name: prepared_transactions
-- No prepared transaction is older than five minutes.
select
    format('The prepared transaction %s of %s has held its locks since %s.', p.gid, p.owner, p.prepared::timestamp(0)) as problem,
    format('Run: commit prepared %L; or rollback prepared %L;', p.gid, p.gid) as remedy
from pg_prepared_xacts as p
where p.prepared < now() - interval '5 minutes';

-- name: operations
-- The last run of each periodic work of the platform succeeded.
--
-- Only the latest run of a kind counts.
select
    format('The run %s of %s failed %s times: %s', r.run_id, r.kind, r.attempts, r.last_error) as problem,
    case r.state
        when 'dead' then format('Correct the cause, then run: stanchion jobs retry %s', r.run_id)
        else 'Correct the cause; the worker tries again.'
    end as remedy
from (
    select distinct on (o.kind) o.* from core.operation_run as o
    order by o.kind asc, o.run_id desc
) as r
where r.state = 'dead' or (r.state = 'ready' and r.attempts > 0);

-- name: schedules
-- No periodic work is late.
--
-- Work of the platform that no worker has ever run may have another scheduler.
select
    format('The periodic job %s of %s was due at %s UTC.', p.name, t.slug, (p.next_at at time zone 'UTC')::timestamp(0)) as problem,
    format('Start a worker: stanchion worker run; or run: stanchion jobs schedule resume --tenant %s', t.slug) as remedy
from core.periodic_job as p
join core.tenant as t on t.tenant_id = p.tenant_id
where p.is_enabled and p.next_at < core.clock() - interval '15 minutes' and core.is_at_home(p.tenant_id)
union all
select
    format('The work %s was due at %s UTC.', o.kind, (o.next_at at time zone 'UTC')::timestamp(0)),
    'Start a worker: stanchion worker run --operate'
from core.operation as o
where
    o.is_enabled
    and o.next_at > 'epoch'
    and o.next_at < core.clock() - interval '15 minutes'
    and not exists (
        select from core.operation_run as r
        where r.kind = o.kind and r.state in ('ready', 'leased')
    );

-- name: security_fixes
-- The server has every security fix of Postgres that was published until 2026-11-29.
--
-- One row per security round: the minor version of each major version that contains the fixes.
with round (released, majors, minors) as (
    values
    (date '2025-02-13', array[15, 16, 17], array[11, 7, 3]),
    (date '2025-05-08', array[15, 16, 17], array[13, 9, 5]),
    (date '2025-08-14', array[15, 16, 17], array[14, 10, 6]),
    (date '2025-11-13', array[15, 16, 17, 18], array[15, 11, 7, 1]),
    (date '2026-02-12', array[15, 16, 17, 18], array[16, 12, 8, 2]),
    (date '2026-05-14', array[15, 16, 17, 18], array[18, 14, 10, 4]),
    (date '2026-08-13', array[15, 16, 17, 18], array[19, 15, 11, 6]),
    (date '2026-11-12', array[15, 16, 17, 18], array[20, 16, 12, 7])
),

server (major, minor) as (
    select n.number / 10000, n.number % 10000 from (select current_setting('server_version_num')::integer as number) as n
)

select
    format(
        'Postgres %s lacks the security fixes of %s, which are in %s.%s.',
        current_setting('server_version'), string_agg(r.released::text, ', ' order by r.released), s.major, max(f.minor)
    ) as problem,
    format(
        'Install Postgres %s.%s or newer and restart the server; its data stays as it is. '
        'For the embedded server, set STANCHION_PG_BINDIR to the folder of its programs.',
        s.major, max(f.minor)
    ) as remedy
from server as s
cross join round as r
cross join unnest(r.majors, r.minors) as f (major, minor)
where f.major = s.major and f.minor > s.minor
group by s.major;

-- name: server_functions
-- Only our roles can take advisory locks.
--
-- A role that is not ours and not a superuser has the privilege through PUBLIC.
select
    format(
        'Every login of this database can take the locks of loads, builds and partition runs (%s functions of Postgres), and so keep other tenants waiting.',
        count(*)
    ) as problem,
    'As a superuser, run: select core.restrict_server(); without a superuser: docs/operations/sessions.md' as remedy
from pg_proc as p
cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
where
    p.pronamespace = 'pg_catalog'::regnamespace
    and p.proname ~ '^pg_(try_)?advisory_'
    and a.grantee = 0
having count(*) > 0;

-- name: stats_stale
-- The tenant statistics are at most an hour old.
--
-- Older statistics are still current while no tenant has used or written anything since.
select
    format(
        'The tenant statistics were %s, and tenants have changed since.',
        coalesce('computed at ' || (min(s.refreshed_at) at time zone 'UTC')::timestamp(0) || ' UTC', 'never computed')
    ) as problem,
    'Run: stanchion stats refresh, and schedule it.' as remedy
from hidden.tenant_stats as s
having
    coalesce(min(s.refreshed_at), '-infinity') < core.clock() - interval '1 hour'
    and (
        select max(t.changed_at)
        from workspace.tenant_state as t
        where t.changed_at < core.clock() - interval '1 hour'
    ) > coalesce(min(s.refreshed_at), '-infinity');

-- name: timeouts
-- Every login that uses the data of tenants has timeouts.
--
-- Postgres applies the settings of a role only to that role and not to its members, so each login needs its own.
with login as (
    select distinct r.oid, r.rolname
    from pg_roles as r
    where
        r.rolcanlogin
        and not r.rolsuper
        and not r.rolcreaterole
        -- our roles can log in on a cluster, for the connections between its nodes
        and r.rolname not in ('stanchion_app', 'stanchion_loader', 'stanchion_worker', 'stanchion_analyst')
        and (
            pg_has_role(r.oid, 'stanchion_app', 'member')
            or pg_has_role(r.oid, 'stanchion_loader', 'member')
            or pg_has_role(r.oid, 'stanchion_worker', 'member')
            or pg_has_role(r.oid, 'stanchion_analyst', 'member')
        )
)

select
    format('%s has no %s: one idle session can block all others.', l.rolname, limits.name) as problem,
    format('Run: alter role %I set %s = %L;', l.rolname, limits.name, limits.advice) as remedy
from login as l
cross join (
    values ('statement_timeout', '60s'), ('lock_timeout', '5s'), ('idle_in_transaction_session_timeout', '60s')
) as limits (name, advice)
join pg_settings as s on s.name = limits.name
where
    s.reset_val = '0'
    and not exists (
        select 1
        from pg_db_role_setting as d
        where
            d.setrole in (0, l.oid)
            and exists (
                select 1
                from unnest(d.setconfig) as c (text)
                where c.text like limits.name || '=%' and c.text not in (limits.name || '=0', limits.name || '=')
            )
    )
order by l.rolname, limits.name;

-- name: timezone
-- The default time zone of sessions is UTC.
select
    format('The default time zone is %s, expected UTC: a timestamp cast to a date by hand can differ from the day of its partition.', s.reset_val) as problem,
    format('Run: alter database %I set timezone = ''UTC'';', current_database()) as remedy
from pg_settings as s
where
    s.name = 'TimeZone'
    and s.reset_val not in ('UTC', 'Etc/UTC', 'GMT')
    and not exists (
        select 1
        from pg_db_role_setting as d
        join pg_database as b on b.oid = d.setdatabase
        where b.datname = current_database() and d.setrole = 0 and 'TimeZone=UTC' = any(d.setconfig)
    );

-- name: version
-- Stanchion is tested on the version of this server.
select
    format('The server is Postgres %s; Stanchion is tested on 15 to 18.', current_setting('server_version')) as problem,
    'Move the database to a server of a tested version.' as remedy
where current_setting('server_version_num')::integer not between 150000 and 189999;
