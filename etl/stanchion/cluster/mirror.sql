-- name: age
-- Returns the seconds since the last completed run of the mirror began; null before the first one completed.
select extract(epoch from core.clock() - r.began_at)::float8 as seconds
from mirror_state.run as r
where r.is_complete;

-- name: behind
-- Returns the last finished load, and the number and the age of the finished loads after a position. Needs the rights of
-- stanchion_builder.
select
    coalesce(max(b.load_id), 0) as horizon,
    count(*) filter (where b.load_id > %(position)s) as loads,
    coalesce(
        extract(epoch from core.clock() - min(b.finished_at) filter (where b.load_id > %(position)s)), 0
    )::float8 as seconds
from landing.load_batch as b
where b.state <> 'running';

-- name: column_types
-- Returns the type of each column of the sources.
select
    n.nspname || '.' || c.relname as source,
    a.attname,
    format_type(a.atttypid, a.atttypmod) as type
from pg_attribute as a
join pg_class as c on c.oid = a.attrelid
join pg_namespace as n on n.oid = c.relnamespace
where a.attnum > 0 and not a.attisdropped and n.nspname || '.' || c.relname = any(%(sources)s);

-- name: expired_days
-- Returns the game days that partition maintenance has dropped since a position in its log, and the last position. The days
-- of the marts are those of the five tables by game day.
select
    max(l.log_id) as position,
    coalesce(array_agg(distinct l.day) filter (where l.outcome = 'dropped' and l.relation = any(%(relations)s)), '{}') as days
from core.partition_log as l
where l.log_id > %(position)s;

-- name: given
-- Returns the last load id that was given to a load; 0 before the first.
select case when s.is_called then s.last_value else 0 end as load_id
from landing.load_id as s;

-- name: groups
-- Returns the node group of each tenant: the group with its shards.
select
    t.tenant_id,
    p.groupid
from unnest(%(tenants)s::uuid[]) as t (tenant_id)
join
    pg_dist_placement as p
    on p.shardid = get_shard_id_for_distribution_column('contest.fixture'::regclass, t.tenant_id) and p.shardstate = 1;

-- name: last_load
-- Returns the highest load id that is visible; 0 before the first load.
select coalesce(max(b.load_id), 0) as load_id
from landing.load_batch as b;

-- name: last_moves
-- Returns the last move of each tenant that `cluster move` has recorded.
select
    s.object,
    max(s.step_id) as step_id
from core.cluster_step as s
where s.command in ('move', 'isolate')
group by s.object;

-- name: lowest_running
-- Returns the lowest load id that is running; null without one.
select min(b.load_id) as load_id
from landing.load_batch as b
where b.state = 'running';

-- name: mirror_horizons
-- Returns the last change of each list of changes that the mirror contains, whole.
select
    coalesce(max(r.position) filter (where r.changes = 'loads'), -1) as loads,
    coalesce(max(r.position) filter (where r.changes = 'purchases'), -1) as purchases
from core.stat_refresh as r
where r.model ~ '^mirror_';

-- name: prepared
-- Returns the transactions that the coordinator has prepared on this node and not ended.
select p.gid
from pg_prepared_xacts as p
where p.database = current_database() and p.gid ~ '^citus_';

-- name: put_tenants
-- Upserts the tenants of the sources on a marts server of its own, where policies of analysts read them.
insert into core.tenant as t (tenant_id, slug, name, kind, status, created_at)
values (%(tenant_id)s, %(slug)s, %(name)s, %(kind)s, %(status)s, %(created_at)s)
on conflict on constraint tenant_pk do update
    set slug = excluded.slug, name = excluded.name, kind = excluded.kind, status = excluded.status
    where (t.slug, t.name, t.kind, t.status) is distinct from (excluded.slug, excluded.name, excluded.kind, excluded.status);

-- name: relations
-- Returns the tables of the mirror that exist.
select format('%s.%s', n.nspname, c.relname) as name
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where n.nspname ~ '^mirror_' and c.relkind in ('r', 'p');

-- name: tenants
-- Returns every tenant.
select
    t.tenant_id,
    t.slug,
    t.name,
    t.kind,
    t.status,
    t.created_at
from core.tenant as t;

-- name: workers
-- Returns the node groups of a cluster and their addresses; group 0 is the coordinator.
select n.groupid, n.nodename, n.nodeport
from pg_dist_node as n
where n.noderole = 'primary' and n.isactive
order by n.groupid;
