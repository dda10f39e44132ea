-- Our roles, their members and PUBLIC have no privilege on objects of the system and of extensions beyond those that
-- Postgres or the extension gave. pg_read_file, pg_authid and pg_statistic show the rows of every tenant.
--
-- severity: critical
-- remedy: revoke the privilege from the role, for example: revoke execute on function pg_catalog.pg_read_file(text) from NAME;
with grantee as (
    select
        0::oid as oid,
        'public' as name
    union
    select m.role, m.role_name
    from core.own_membership as m
    join pg_roles as r on r.oid = m.role
    where not m.is_deployer and not r.rolsuper and r.oid >= 16384
),

-- operators reach pg_monitor and other predefined roles, whose own privileges are initial
object as (
    select
        'pg_class'::regclass as class,
        c.oid,
        0 as part,
        c.relnamespace as space,
        c.relname::text as name,
        c.relacl as acl,
        case c.relkind when 'S' then acldefault('s', c.relowner) else acldefault('r', c.relowner) end as initial
    from pg_class as c
    where c.relacl is not null
    union all
    select 'pg_class'::regclass, c.oid, t.attnum, c.relnamespace, format('%s.%s', c.relname, t.attname), t.attacl, null
    from pg_attribute as t
    join pg_class as c on c.oid = t.attrelid
    where t.attacl is not null
    union all
    select
        'pg_proc'::regclass, p.oid, 0, p.pronamespace, format('%s(%s)', p.proname, pg_get_function_identity_arguments(p.oid)), p.proacl,
        acldefault('f', p.proowner)
    from pg_proc as p
    where p.proacl is not null
    union all
    select 'pg_namespace'::regclass, n.oid, 0, n.oid as space, n.nspname::text, n.nspacl, acldefault('n', n.nspowner)
    from pg_namespace as n
    where n.nspacl is not null
    union all
    select 'pg_language'::regclass, l.oid, 0, 'pg_catalog'::regnamespace::oid, l.lanname::text, l.lanacl, acldefault('l', l.lanowner)
    from pg_language as l
    where l.lanacl is not null
    union all
    select 'pg_type'::regclass, t.oid, 0, t.typnamespace, t.typname::text, t.typacl, acldefault('T', t.typowner)
    from pg_type as t
    where t.typacl is not null
)

select
    case when o.class in ('pg_namespace'::regclass, 'pg_language'::regclass) then o.name else format('%s.%s', n.nspname, o.name) end as object,
    format('%s was granted %s, which is not one of its initial privileges', g.name, lower(a.privilege_type)) as problem
from object as o
join pg_namespace as n on n.oid = o.space
left join pg_init_privs as i on i.classoid = o.class and i.objoid = o.oid and i.objsubid = o.part
cross join lateral aclexplode(o.acl) as a
join grantee as g on g.oid = a.grantee
where
    (
        (n.nspname in ('pg_catalog', 'information_schema', 'pg_toast') and o.oid < 16384)
        or exists (
            select 1 from pg_depend as d
            where d.classid = o.class and d.objid = o.oid and d.deptype = 'e'
        )
    )
    -- the server's own grants, which pg_init_privs does not contain
    and not (n.nspname = 'information_schema' and a.privilege_type in ('SELECT', 'USAGE') and a.grantee = 0)
    and not exists (
        select 1
        from aclexplode(coalesce(i.initprivs, o.initial)) as was
        where was.grantee in (a.grantee, 0) and was.privilege_type = a.privilege_type
    )
