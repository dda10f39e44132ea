-- What stanchion_app may read and call. The role of the transaction is stanchion_app.

-- name: relations
select
    n.nspname,
    c.relname,
    obj_description(c.oid, 'pg_class'),
    (
        select
            jsonb_agg(
                jsonb_build_array(
                    a.attname, format_type(a.atttypid, a.atttypmod), not a.attnotnull, col_description(c.oid, a.attnum)
                )
                order by a.attnum
            )
        from pg_catalog.pg_attribute as a
        where
            a.attrelid = c.oid
            and a.attnum > 0
            and not a.attisdropped
            and has_column_privilege(c.oid, a.attnum, 'select')
    ) as columns,
    (
        select array_agg(a.attname::text order by k.place)
        from pg_catalog.pg_constraint as p
        cross join lateral unnest(p.conkey) with ordinality as k (attnum, place)
        join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum = k.attnum
        where p.conrelid = c.oid and p.contype = 'p'
    )
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where
    n.nspname = any(%(schemas)s)
    and c.relkind in ('r', 'p', 'v', 'm')
    and not c.relispartition
    and has_schema_privilege(n.oid, 'usage')
    and has_any_column_privilege(c.oid, 'select');

-- name: foreign_keys
select
    f.conname,
    format('%%s.%%s', n.nspname, c.relname),
    (
        select array_agg(a.attname::text order by k.place)
        from unnest(f.conkey) with ordinality as k (attnum, place)
        join pg_catalog.pg_attribute as a on a.attrelid = f.conrelid and a.attnum = k.attnum
    ),
    format('%%s.%%s', tn.nspname, t.relname),
    (
        select array_agg(a.attname::text order by k.place)
        from unnest(f.confkey) with ordinality as k (attnum, place)
        join pg_catalog.pg_attribute as a on a.attrelid = f.confrelid and a.attnum = k.attnum
    ),
    (
        select count(*) > 0
        from pg_catalog.pg_constraint as u
        where u.conrelid = f.conrelid and u.contype in ('p', 'u') and u.conkey <@ f.conkey
    )
from pg_catalog.pg_constraint as f
join pg_catalog.pg_class as c on c.oid = f.conrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_class as t on t.oid = f.confrelid
join pg_catalog.pg_namespace as tn on tn.oid = t.relnamespace
where
    f.contype = 'f'
    and f.conparentid = 0
    and n.nspname = any(%(schemas)s)
    and tn.nspname = any(%(schemas)s)
order by 1, 2;

-- name: functions
select
    n.nspname,
    p.proname,
    obj_description(p.oid, 'pg_proc'),
    p.provolatile,
    p.proretset,
    format_type(p.prorettype, null),
    (
        select jsonb_agg(jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod)) order by a.attnum)
        from pg_catalog.pg_attribute as a
        where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
    ),
    (
        select jsonb_agg(jsonb_build_array(a.name, format_type(a.type, null)) order by a.place)
        from unnest(p.proallargtypes, p.proargmodes, p.proargnames) with ordinality as a (type, mode, name, place)
        where a.mode in ('o', 'b', 't')
    ),
    coalesce(p.proargnames, '{}'),
    (
        select coalesce(array_agg(format_type(a.type, null) order by a.place), '{}')
        from unnest(p.proargtypes::oid[]) with ordinality as a (type, place)
    ),
    coalesce(p.proargmodes::text[], '{}'),
    p.pronargdefaults
from pg_catalog.pg_proc as p
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
join pg_catalog.pg_type as t on t.oid = p.prorettype
where
    n.nspname = any(%(schemas)s)
    and p.prokind = 'f'
    and p.provariadic = 0
    and p.prorettype not in ('trigger'::regtype, 'internal'::regtype)
    and has_schema_privilege(n.oid, 'usage')
    and has_function_privilege(p.oid, 'execute');
