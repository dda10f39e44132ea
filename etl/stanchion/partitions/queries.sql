-- name: adoption_begun
-- Definition of the constraint of an adoption of table $1 that was interrupted.
select pg_get_constraintdef(c.oid)
from pg_constraint as c
where c.conrelid = to_regclass($1) and c.conname = 'stanchion_adopt';

-- name: adoption_bounds
-- First day of the first partition, with the period $1, of a table with rows from $2 to $3, and the day after its last
-- one. The partition ends after the last row and after $4 days ahead, so that writers can go on while rows are checked.
select
    lower(core.period_of($1, least(($2::timestamptz at time zone 'UTC')::date, core.utc_day(core.clock()) - 1))) as first,
    upper(core.period_of($1, greatest(($3::timestamptz at time zone 'UTC')::date, core.utc_day(core.clock()) + $4::integer))) as until;

-- name: broken
-- Tables for which no partition can be made, with the reason.
select s.relation, 'the table does not exist' as reason
from core.partition_set as s
where to_regclass(s.relation) is null
union all
select p.relation, format('its partition %s does not cover a range of days; see docs/operations/partitions.md', p.child)
from core.partition as p
where p.state in ('default', 'endless')
order by 1, 2;

-- name: days
-- Partitions with their state and planned step, for `stanchion partitions status`. On a cluster, the rows are in shards.
with shard as materialized (
    select z.relation, z.bytes, z.estimated_rows, z.is_filled from core.shard_sizes() as z
)

select
    p.relation,
    p.day,
    p.until,
    p.child,
    coalesce(z.bytes, p.bytes) as bytes,
    coalesce(z.estimated_rows, p.estimated_rows) as estimated_rows,
    p.state = 'attached' as is_attached,
    -- on a cluster the rows are on other nodes, which may not have answered
    not p.is_filled and current_setting('citus.version', true) is null as is_surely_empty,
    case
        when p.state in ('detaching', 'detached') then 'half-way'
        when e.step = 'keep' then 'kept'
        when e.step is not null then 'due'
        when coalesce(z.is_filled, p.is_filled) then 'filled'
        else 'empty'
    end as state,
    e.step,
    e.reason
from core.partition as p
left join shard as z on z.relation = to_regclass(p.child)
left join core.plan_expiry() as e on e.relation = p.relation and e.child = p.child
where p.day is not null and p.until is not null
order by p.relation, p.day;

-- name: expired
-- Steps that drop the expired partitions that are kept: of table $1, or of all, detached $2 days ago or earlier.
select
    p.relation,
    p.day,
    p.child,
    case when p.hold is null then 'drop' else 'keep' end as step,
    'held: ' || p.hold as reason
from core.expired_partition as p
where ($1::text is null or p.relation = $1) and p.detached_at <= core.clock() - make_interval(days => $2::integer)
order by p.relation, p.day, p.child;

-- name: expired_sets
-- Number, bytes and oldest day of the expired partitions that are kept, for each table.
select
    p.relation,
    count(*) as partitions,
    sum(p.bytes)::bigint as bytes,
    sum(p.estimated_rows)::bigint as estimated_rows,
    min(p.day) as oldest
from core.expired_partition as p
group by p.relation
order by p.relation;

-- name: foreign_owner
-- Statements that give the partitions of table $1 to the owner of the table.
select format('alter table %s owner to %I', c.oid::regclass, pg_get_userbyid(p.relowner))
from pg_inherits as i
join pg_class as c on c.oid = i.inhrelid
join pg_class as p on p.oid = i.inhparent
where p.oid = to_regclass($1) and c.relowner <> p.relowner;

-- name: holders
-- Open transactions that use table $1 or its partition $2, with a description of each; if $3, also those with a snapshot.
-- Postgres shows the query of another session only to superusers and to members of pg_read_all_stats.
select
    l.virtualtransaction,
    case
        when l.pid is null then 'a prepared transaction, ' || l.virtualtransaction
        else concat_ws(
            ', ',
            'session ' || l.pid || ' of ' || a.usename,
            'in a transaction since ' || to_char(a.xact_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC',
            a.state,
            'from ' || nullif(a.application_name, ''),
            nullif(nullif(left(regexp_replace(a.query, '\s+', ' ', 'g'), 100), ''), '<insufficient privilege>')
        )
    end as description
from pg_locks as l
left join pg_stat_activity as a on a.pid = l.pid
where
    l.granted
    and l.pid is distinct from pg_backend_pid()
    and (
        (
            l.locktype = 'relation'
            and l.database = (
                select d.oid from pg_database as d
                where d.datname = current_database()
            )
            and l.relation in (to_regclass($1), to_regclass($2))
        )
        or (
            $3::boolean
            and l.locktype = 'virtualxid'
            and a.datname = current_database()
            and (a.backend_xmin is not null or a.xact_start is null)
        )
    )
group by l.virtualtransaction, l.pid, a.usename, a.xact_start, a.state, a.application_name, a.query
order by a.xact_start nulls last;

-- name: missing
-- First days of the partitions that are missing between yesterday and the last day ahead, of the tables whose partitions
-- are made by $1. A detached partition returns with all its days.
with taken as materialized (
    select
        p.relation,
        range_agg(daterange(p.day, p.until)) as days,
        coalesce(range_agg(daterange(p.day, p.until)) filter (where p.state <> 'detached'), '{}') as attached,
        array_agg(daterange(p.day, p.until)) filter (where p.state = 'detached') as detached
    from core.partition as p
    where p.state <> 'default'
    group by p.relation
)

select distinct
    s.relation,
    coalesce(lower(former.days), lower(core.free_period(s.span, due.day, coalesce(t.days, '{}')))) as day
from core.partition_set as s
left join taken as t on t.relation = s.relation
cross join
    lateral (
        select core.utc_day(core.clock()) + n as day
        from generate_series(-1, s.days_ahead) as n
    ) as due
left join lateral (
    select d.days
    from unnest(t.detached) as d (days)
    where d.days @> due.day
) as former on true
where
    s.made_by = $1
    and to_regclass(s.relation) is not null
    and not coalesce(t.attached, '{}') @> due.day
order by 1, 2;

-- name: other_run
-- The session that has the lock of partition runs.
select
    l.pid,
    a.usename as login,
    a.backend_start as connected_at,
    nullif(a.application_name, '') as application
from pg_locks as l
left join pg_stat_activity as a on a.pid = l.pid
where
    l.locktype = 'advisory' and l.objsubid = 1 and l.granted
    and l.database = (
        select d.oid from pg_database as d
        where d.datname = current_database()
    )
    and l.classid = 0 and l.objid = core.partition_run_lock()::oid
order by l.pid
limit 1;

-- name: short
-- Tables with a day without a partition from today to $1 days ahead, or to their own number of days if that is smaller.
select p.relation
from ops.partition_health as p
where p.days_missing[1] <= core.utc_day(core.clock()) + least($1::integer, p.days_ahead)
order by p.relation;

-- name: sets
-- Partitioned tables with their settings and sizes, for `stanchion partitions status`. A partition is odd when it is the
-- default partition or endless.
with shard as materialized (
    select z.relation, z.bytes, z.estimated_rows from core.shard_sizes() as z
),

keys as (
    select t.partrelid as relation, a.attname as key
    from pg_partitioned_table as t
    join pg_attribute as a on a.attrelid = t.partrelid and a.attnum = t.partattrs[0]
)

select
    s.relation,
    to_regclass(s.relation) is not null as is_there,
    s.days_ahead,
    s.days_kept,
    s.span,
    s.keep_detached,
    s.guard,
    s.hold,
    s.made_by,
    s.ran_at,
    k.key,
    coalesce(sum(coalesce(z.estimated_rows, p.estimated_rows)) filter (where p.day is null or p.until is null), 0)::bigint as odd_rows,
    coalesce(bool_or(p.day is null or p.until is null) filter (where p.relation is not null), false) as has_odd,
    coalesce(sum(coalesce(z.bytes, p.bytes)), 0)::bigint as bytes,
    min(p.day) as oldest,
    max(p.until) - 1 as newest
from core.partition_set as s
left join keys as k on k.relation = to_regclass(s.relation)
left join core.partition as p on p.relation = s.relation
left join shard as z on z.relation = to_regclass(p.child)
group by s.relation, k.key
order by s.relation;
