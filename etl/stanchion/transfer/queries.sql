-- name: tables
-- Returns every table of an owner that has rows of tenants: its columns with their types, the column of its partitions,
-- and the tables that its foreign keys refer to. Generated columns are computed again.
select
    format('%%I.%%I', n.nspname, c.relname) as name,
    (
        select json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod)) order by a.attnum)
        from pg_attribute as a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    ) as columns,
    (
        select a.attname
        from pg_partitioned_table as p
        join pg_attribute as a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
        where p.partrelid = c.oid
    ) as day,
    array(
        select distinct format('%%I.%%I', tn.nspname, tc.relname)
        from pg_constraint as k
        join pg_class as tc on tc.oid = k.confrelid
        join pg_namespace as tn on tn.oid = tc.relnamespace
        where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid
    ) as refers_to
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where
    c.relkind in ('r', 'p')
    and not c.relispartition
    and pg_get_userbyid(c.relowner) = %(owner)s
    and exists (
        select 1
        from pg_attribute as a
        where a.attrelid = c.oid and a.attname = 'tenant_id' and a.atttypid = 'uuid'::regtype and not a.attisdropped
    )
order by 1;

-- name: partitions
-- Returns the partitions of a table.
select format('%%I.%%I', n.nspname, c.relname) as name
from pg_inherits as i
join pg_class as c on c.oid = i.inhrelid
join pg_namespace as n on n.oid = c.relnamespace
where i.inhparent = %(table)s::regclass
order by 1;

-- name: shared_keys
-- Returns the foreign keys of tables of tenants to tables that are the same for all tenants: settings and plans.
select
    format('%%I.%%I', n.nspname, c.relname) as name,
    array(
        select a.attname from unnest(k.conkey) with ordinality as u (number, at)
        join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = u.number
        order by u.at
    ) as columns,
    format('%%I.%%I', tn.nspname, tc.relname) as target,
    array(
        select a.attname from unnest(k.confkey) with ordinality as u (number, at)
        join pg_attribute as a on a.attrelid = k.confrelid and a.attnum = u.number
        order by u.at
    ) as keys
from pg_constraint as k
join pg_class as c on c.oid = k.conrelid
join pg_namespace as n on n.oid = c.relnamespace
join pg_class as tc on tc.oid = k.confrelid
join pg_namespace as tn on tn.oid = tc.relnamespace
where
    k.contype = 'f'
    and pg_get_userbyid(c.relowner) = 'stanchion_owner'
    and not exists (
        select 1
        from pg_attribute as a
        where a.attrelid = tc.oid and a.attname = 'tenant_id' and not a.attisdropped
    )
    and exists (
        select 1
        from pg_attribute as a
        where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    )
order by 1, 2;

-- name: sequences
-- Returns the columns of tables that get their values from a sequence.
select
    format('%%I.%%I', n.nspname, c.relname) as name,
    a.attname as column_name,
    s.oid::regclass::text as sequence
from pg_attrdef as d
join pg_depend as dep on dep.classid = 'pg_attrdef'::regclass and dep.objid = d.oid and dep.refclassid = 'pg_class'::regclass
join pg_class as s on s.oid = dep.refobjid and s.relkind = 'S'
join pg_class as c on c.oid = d.adrelid
join pg_namespace as n on n.oid = c.relnamespace
join pg_attribute as a on a.attrelid = c.oid and a.attnum = d.adnum
where pg_get_userbyid(c.relowner) = 'stanchion_owner' and not c.relispartition
order by 1, 2;

-- name: expired_games
-- Returns the published games of a tenant whose partitions have expired: only the marts still have their facts.
select f.game_key
from contest.fixture as f
where f.tenant_id = %(tenant)s and f.content_hash is not null and not contest.has_rows(f.tenant_id, f.played_on, f.game_key)
order by 1;

-- name: analysts
-- Returns the logins that may read a tenant.
select g.role_name from core.analyst_grant as g
where g.tenant_id = %(tenant)s
order by 1;

-- name: statistics
-- Returns the tables whose statistics contain a text.
select distinct format('%%I.%%I', s.schemaname, s.tablename) as name
from pg_stats as s
where s.most_common_vals::text like %(text)s or s.histogram_bounds::text like %(text)s or s.most_common_elems::text like %(text)s
order by 1;

-- name: holds
-- Returns the partitioned tables on hold, with the reason.
select
    s.relation,
    s.hold
from core.partition_set as s
where s.hold is not null
order by 1;

-- name: range
-- Returns the last number of a sequence, and the highest one that it can give.
select
    coalesce(pg_sequence_last_value(s.seqrelid), s.seqmin) as last,
    s.seqmax as highest
from pg_sequence as s
where s.seqrelid = %(sequence)s::regclass;

-- name: writers
-- Returns the transactions that began before a transaction id, and may have written rows that are not visible yet.
select
    a.pid,
    coalesce(a.usename, 'a dropped login') as login
from pg_stat_activity as a
where
    a.datname = current_database()
    and a.pid <> pg_backend_pid()
    and a.backend_xid::text::bigint < %(until)s
order by a.xact_start;

-- name: tenant
-- Returns the properties of a tenant.
select
    t.slug,
    t.name,
    t.kind,
    t.status,
    t.created_at::text
from core.tenant as t
where t.tenant_id = %(tenant)s;
