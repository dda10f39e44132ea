-- name: durability
-- What is committed survives a crash.
select
    format('%s is off: a crash can lose or damage what was committed.', s.name) as problem,
    format('Run: alter system set %s = on; and reload.', s.name) as remedy
from pg_settings as s
where s.name in ('fsync', 'full_page_writes', 'synchronous_commit') and s.setting = 'off';

-- name: events_of_elsewhere
-- Events and consumers go by transactions of this server.
select
    format(
        '%s streams or consumers of events go by transactions of another server: what is appended now may never be polled.',
        count(*)
    ) as problem,
    'Run: stanchion restored' as remedy
from (
    select s.transaction_id from core.event_stream as s
    union all
    select c.transaction_id from core.consumer as c
) as known
where known.transaction_id >= pg_snapshot_xmax(pg_current_snapshot())
having count(*) > 0;

-- name: grants_without_login
-- Every grant to an analyst is to a login that exists.
select
    format('%s was granted %s tenants and does not exist any more, or is another login of that name, which reads nothing by it.', g.role_name, count(*))
        as problem,
    format(
        'After a restore, run: stanchion restored. Else: stanchion analyst add %s ... again, or delete from core.analyst_grant where role_name = %L;',
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
    format('The index %s is invalid: it is kept up and never used.', x.indexrelid::regclass) as problem,
    format('Run: drop index concurrently %s; and make it again.', x.indexrelid::regclass) as remedy
from pg_index as x
where not x.indisvalid and not exists (
    select 1 from pg_stat_progress_create_index as p
    where p.index_relid = x.indexrelid
);

-- name: loads_dead
-- No load is taken for running that is not: what is built from games waits for it.
select
    format('Load %s has run since %s and no session works for it.', b.load_id, to_char(b.started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')) as problem,
    'The next load of the tenant ends it; or run: stanchion psql -c "select landing.reap_loads()"' as remedy
from landing.load_batch as b
where
    b.state = 'running'
    and not exists (
        select from pg_locks as l
        where
            l.locktype = 'advisory' and l.objsubid = 1
            and l.classid::bigint = (landing.load_lock(b.load_id) >> 32) & 4294967295
            and l.objid::bigint = landing.load_lock(b.load_id) & 4294967295
    );

-- name: long_transactions
-- No transaction is open for longer than an hour.
select
    format('Session %s of %s has a transaction open since %s: nothing that died since can be removed.', a.pid, a.usename, a.xact_start::timestamp(0))
        as problem,
    format('Ask who it is, or run: select pg_terminate_backend(%s);', a.pid) as remedy
from pg_stat_activity as a
where a.xact_start < now() - interval '1 hour' and a.backend_type = 'client backend';

-- name: partitions_ahead
-- Every partitioned table has its days ahead.
select
    format('%s has no partition for %s: writing on that day would be refused.', p.relation, array_to_string(p.days_missing, ', ')) as problem,
    'Run: stanchion partitions ensure, and let a scheduler run it.' as remedy
from ops.partition_health as p
where cardinality(p.days_missing) > 0;

-- name: partitions_contended
-- No day was held by somebody when it was last tried.
--
-- The last word about a day counts: once it went, or may stay, what was before is forgotten.
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
        'Days of %s that could not go: %s from %s on, last tried at %s UTC: %s',
        l.relation, count(*), min(l.day), to_char(max(l.happened_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), l.reason
    ) as problem,
    case l.outcome
        when 'contended' then 'Ask them to end, then run: stanchion partitions run'
        else 'Put it right, then run: stanchion partitions run'
    end as remedy
from latest as l
join still as s on s.relation = l.relation and s.day = l.day
where l.outcome in ('contended', 'failed')
group by l.relation, l.outcome, l.reason;

-- name: partitions_expired
-- Days that are past their time are gone.
with plan as materialized (  -- asking the guards may take a while
    select e.relation, e.day, e.step, e.reason from core.plan_expiry() as e
)

select
    format('%s of %s: %s', e.day, e.relation, e.reason) as problem,
    'Put it right, then run: stanchion partitions run' as remedy
from plan as e
where e.step = 'stuck'
union all
select
    format('%s has had days past their time since %s; the last run was %s.', e.relation, min(e.day), coalesce(s.ran_at::date::text, 'never')),
    'Run: stanchion partitions run, and let a scheduler run it.'
from plan as e
join core.partition_set as s on s.relation = e.relation
where
    e.step in ('expire', 'finish', 'drop')
    and e.day < core.utc_day(core.clock()) - s.days_kept - 2
    and coalesce(s.ran_at, '-infinity') < core.clock() - interval '2 days'
group by e.relation, s.ran_at;

-- name: partitions_half_way
-- No day was left half detached.
--
-- While a run is at work one may be, so nothing is said then.
select
    case p.state
        when 'detaching' then format('%s of %s is half detached: nobody sees its rows, and no other day can go.', p.day, p.relation)
        else format('%s of %s is detached and not dropped.', p.day, p.relation)
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
-- Every partition is a day.
select
    format('%s has the partition %s, which is no day: it keeps days from being made, and from going.', p.relation, p.child) as problem,
    'Put its rows into days and drop it, as docs/operations/partitions.md shows.' as remedy
from core.partition as p
where p.state in ('default', 'endless')
union all
select
    format('core.partition_set has a row for %s, which does not exist.', s.relation),
    format('Make the table, or run: delete from core.partition_set where relation = %L;', s.relation)
from core.partition_set as s
where to_regclass(s.relation) is null;

-- name: prepared_transactions
-- No prepared transaction was forgotten.
select
    format('The prepared transaction %s of %s waits since %s and holds its locks.', p.gid, p.owner, p.prepared::timestamp(0)) as problem,
    format('Run: commit prepared %L; or rollback prepared %L;', p.gid, p.gid) as remedy
from pg_prepared_xacts as p
where p.prepared < now() - interval '5 minutes';

-- name: stats_stale
-- The stats that are kept of tenants are not older than an hour.
--
-- As long as nothing was used or written since, they are of now, however old they are.
select
    format(
        'The stats of tenants were %s, and tenants were at work since.',
        coalesce('computed at ' || (min(s.refreshed_at) at time zone 'UTC')::timestamp(0) || ' UTC', 'never computed')
    ) as problem,
    'Run: stanchion stats refresh, and let a scheduler run it.' as remedy
from hidden.tenant_stats as s
having
    coalesce(min(s.refreshed_at), '-infinity') < core.clock() - interval '1 hour'
    and (
        select max(t.changed_at)
        from workspace.tenant_state as t
        where t.changed_at < core.clock() - interval '1 hour'
    ) > coalesce(min(s.refreshed_at), '-infinity');

-- name: timeouts
-- Every login that works with tenants' data has its time limits.
--
-- A role's settings are for its own login and not for its members, so each login needs them.
with login as (
    select distinct r.oid, r.rolname
    from pg_roles as r
    where
        r.rolcanlogin
        and not r.rolsuper
        and not r.rolcreaterole
        and (
            pg_has_role(r.oid, 'stanchion_app', 'member')
            or pg_has_role(r.oid, 'stanchion_loader', 'member')
            or pg_has_role(r.oid, 'stanchion_worker', 'member')
            or pg_has_role(r.oid, 'stanchion_analyst', 'member')
        )
)

select
    format('%s has no %s: one forgotten session can hold everybody up.', l.rolname, limits.name) as problem,
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
-- Sessions begin in UTC.
select
    format('Sessions begin in the time zone %s: dates that people cast by hand are not the days of partitions.', s.reset_val) as problem,
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
-- The server is one of those that Stanchion is tested on.
select
    format('Postgres %s is not among 15 to 18, on which Stanchion is tested.', current_setting('server_version')) as problem,
    'Use one that is.' as remedy
where current_setting('server_version_num')::integer not between 150000 and 189999;
