-- What answers depend on. The role of the transaction is stanchion_app.

-- name: versions
select
    m.model,
    m.version
from core.mart_versions(%(models)s) as m;

-- name: bases
-- The relations that each readable relation reads, and the functions that decide its rows and are not immutable. The
-- functions are in the trees of views and policies, because pg_depend does not contain those of Postgres itself.
with recursive reads (root, relation) as (
    select
        c.oid as root,
        c.oid as relation
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where
        n.nspname = any(%(schemas)s)
        and c.relkind in ('r', 'p', 'v', 'm')
        and not c.relispartition
        and has_schema_privilege(n.oid, 'usage')
        and has_any_column_privilege(c.oid, 'select')
    union
    select
        r.root,
        d.refobjid
    from reads as r
    join pg_catalog.pg_rewrite as w on w.ev_class = r.relation
    join
        pg_catalog.pg_depend as d
        on
            d.classid = 'pg_catalog.pg_rewrite'::regclass
            and d.objid = w.oid
            and d.refclassid = 'pg_catalog.pg_class'::regclass
            and d.refobjid <> r.relation
),

trees as (
    select
        r.root,
        w.ev_action::text as tree
    from reads as r
    join pg_catalog.pg_rewrite as w on w.ev_class = r.relation
    union all
    select
        r.root,
        p.polqual::text
    from reads as r
    join pg_catalog.pg_policy as p on p.polrelid = r.relation
    where p.polroles && array['stanchion_app'::regrole::oid, 0]
),

functions as (
    select
        t.root,
        p.oid::regprocedure::text as name
    from trees as t
    cross join lateral regexp_matches(t.tree, ':(?:funcid|opfuncid|aggfnoid|winfnoid) ([0-9]+)', 'g') as found (ids)
    join pg_catalog.pg_proc as p on p.oid = found.ids[1]::oid and p.provolatile <> 'i'
    union
    select
        t.root,
        'current_timestamp'
    from trees as t
    where t.tree like '%%{SQLVALUEFUNCTION%%'
)

select
    format('%%s.%%s', n.nspname, c.relname),
    (
        select array_agg(format('%%s.%%s', rn.nspname, rc.relname) order by rn.nspname, rc.relname)
        from reads as r
        join pg_catalog.pg_class as rc on rc.oid = r.relation
        join pg_catalog.pg_namespace as rn on rn.oid = rc.relnamespace
        where r.root = c.oid
    ),
    (
        select coalesce(array_agg(f.name), '{}')
        from functions as f
        where f.root = c.oid
    )
from reads as roots
join pg_catalog.pg_class as c on c.oid = roots.root
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where roots.root = roots.relation;
