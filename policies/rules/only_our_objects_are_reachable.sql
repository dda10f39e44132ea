-- Everything that our roles or PUBLIC can reach belongs to us or to the system. A table, view or security definer
-- function elsewhere would bypass our policies. No role can create objects in a schema in which the system looks up
-- names.
with elsewhere as (
    select
        n.oid,
        n.nspname,
        n.nspacl
    from pg_namespace as n
    where
        n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
        and n.nspname not like 'pg\_temp\_%'
        and n.nspname not like 'pg\_toast\_temp\_%'
        and pg_get_userbyid(n.nspowner) not in ('stanchion_owner', 'stanchion_builder')
),

grantee as (
    select 0::oid as oid, 'public' as name
    union all
    select r.oid, r.rolname
    from pg_roles as r
    where r.rolname in ('stanchion_app', 'stanchion_loader', 'stanchion_worker', 'stanchion_builder', 'stanchion_analyst')
)

select
    format('%s.%s', e.nspname, c.relname) as object,
    format('is outside our schemas and %s was granted %s', g.name, lower(a.privilege_type)) as problem
from elsewhere as e
join pg_class as c on c.relnamespace = e.oid
cross join lateral aclexplode(c.relacl) as a
join grantee as g on g.oid = a.grantee
where
    not exists (
        select 1 from pg_depend as d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
    )
union all
select
    format('%s.%s', e.nspname, p.proname),
    format('runs as its owner %s, is outside our schemas, and %s may execute it', pg_get_userbyid(p.proowner), g.name)
from elsewhere as e
join pg_proc as p on p.pronamespace = e.oid and p.prosecdef
cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
join grantee as g on g.oid = a.grantee
where
    not exists (
        select 1 from pg_depend as d
        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
    )
union all
select
    e.nspname,
    format('%s may create in it', g.name)
from elsewhere as e
cross join lateral aclexplode(e.nspacl) as a
join grantee as g on g.oid = a.grantee
where a.privilege_type = 'CREATE'
