-- Everything that our roles, their members or PUBLIC can reach belongs to us, to the system or to an extension. A table,
-- view or security definer function elsewhere would bypass our policies. No member can create objects elsewhere or owns
-- any. Operators, who read every tenant, are exempt. The rule system_grants_are_initial covers extensions.
--
-- severity: critical
-- remedy: revoke the privilege, move the object into another database, or drop it.
with elsewhere as (
    select
        n.oid,
        n.nspname,
        n.nspowner,
        n.nspacl
    from pg_namespace as n
    where
        n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
        and n.nspname not like 'pg\_temp\_%'
        and n.nspname not like 'pg\_toast\_temp\_%'
        and pg_get_userbyid(n.nspowner) not in ('stanchion_owner', 'stanchion_builder')
),

grantee as (
    select
        0::oid as oid,
        'public' as name
    union
    select m.role, m.role_name
    from core.own_membership as m
    join pg_roles as r on r.oid = m.role
    where not m.is_operator and not m.is_deployer and not r.rolsuper
),

relation as (
    select
        c.oid,
        format('%s.%s', e.nspname, c.relname) as name,
        c.relowner,
        coalesce(c.relacl, case c.relkind when 'S' then acldefault('s', c.relowner) else acldefault('r', c.relowner) end) as acl
    from elsewhere as e
    join pg_class as c on c.relnamespace = e.oid and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    where
        not exists (
            select 1 from pg_depend as d
            where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
        )
),

routine as (
    select
        format('%s.%s', e.nspname, p.proname) as name,
        p.proowner,
        p.prosecdef,
        p.proacl
    from elsewhere as e
    join pg_proc as p on p.pronamespace = e.oid
    where
        not exists (
            select 1 from pg_depend as d
            where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
        )
)

select
    r.name as object,
    format('is outside our schemas and %s was granted %s', g.name, lower(a.privilege_type)) as problem
from relation as r
cross join lateral aclexplode(r.acl) as a
join grantee as g on g.oid = a.grantee
union all
select r.name, format('is outside our schemas and %s was granted %s of column %s', g.name, lower(a.privilege_type), t.attname)
from relation as r
join pg_attribute as t on t.attrelid = r.oid
cross join lateral aclexplode(t.attacl) as a
join grantee as g on g.oid = a.grantee
union all
select
    r.name,
    format('runs as its owner %s, is outside our schemas, and %s may execute it', pg_get_userbyid(r.proowner), g.name)
from routine as r
cross join lateral aclexplode(coalesce(r.proacl, acldefault('f', r.proowner))) as a
join grantee as g on g.oid = a.grantee
where r.prosecdef
union all
select r.name, format('is a function outside our schemas that belongs to %s', g.name)
from routine as r
join grantee as g on g.oid = r.proowner
union all
select
    e.nspname,
    format('%s may create in it', g.name)
from elsewhere as e
cross join lateral aclexplode(coalesce(e.nspacl, acldefault('n', e.nspowner))) as a
join grantee as g on g.oid = a.grantee
where a.privilege_type = 'CREATE'
