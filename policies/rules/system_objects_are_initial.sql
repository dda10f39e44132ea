-- The schemas of the system contain only what Postgres and extensions put there, unchanged, and no cast was added between
-- types of the system or of ours. Every session finds these names first, so one planted function would run in all.
--
-- severity: critical
-- remedy: drop the object, or restore the function of the system from pg_proc of a new database.
with space as (
    select n.oid, n.nspname, n.nspowner
    from pg_namespace as n
    where n.nspname in ('pg_catalog', 'information_schema', 'pg_toast')
),

object as (
    select
        'pg_proc'::regclass as class, p.oid, p.pronamespace as space, p.proowner as owner,
        format('%s(%s)', p.proname, pg_get_function_identity_arguments(p.oid)) as name
    from pg_proc as p
    where p.oid >= 16384 or p.proowner <> 10
    union all
    select 'pg_class'::regclass, c.oid, c.relnamespace, c.relowner, c.relname
    from pg_class as c
    where c.oid >= 16384 or c.relowner <> 10
    union all
    select 'pg_type'::regclass, t.oid, t.typnamespace, t.typowner, t.typname
    from pg_type as t
    where (t.oid >= 16384 or t.typowner <> 10) and t.typelem = 0 and t.typrelid = 0
    union all
    select
        'pg_operator'::regclass, o.oid, o.oprnamespace, o.oprowner,
        format('%s (%s, %s)', o.oprname, format_type(o.oprleft, null), format_type(o.oprright, null))
    from pg_operator as o
    where o.oid >= 16384 or o.oprowner <> 10
    union all
    select 'pg_opclass'::regclass, o.oid, o.opcnamespace, o.opcowner, o.opcname
    from pg_opclass as o
    where o.oid >= 16384 or o.opcowner <> 10
    union all
    select 'pg_conversion'::regclass, c.oid, c.connamespace, c.conowner, c.conname
    from pg_conversion as c
    where c.oid >= 16384 or c.conowner <> 10
)

select
    format('%s.%s', s.nspname, o.name) as object,
    case when o.oid >= 16384 then 'was added to the system' else format('belongs to %s', pg_get_userbyid(o.owner)) end as problem
from space as s
join object as o on o.space = s.oid
where
    s.nspname <> 'pg_toast'
    and not exists (
        select 1 from pg_depend as d
        where
            d.deptype = 'e'
            and (
                (d.classid = o.class and d.objid = o.oid)
                -- an index of columns of a table of an extension, and the row of a type of an extension
                or (o.class = 'pg_class'::regclass and d.classid = 'pg_class'::regclass and d.objid = (
                    select x.indrelid from pg_index as x
                    where x.indexrelid = o.oid and x.indexprs is null and x.indpred is null
                ))
                or (o.class = 'pg_class'::regclass and d.classid = 'pg_type'::regclass and d.objid = (
                    select t.oid from pg_type as t
                    where t.typrelid = o.oid
                ))
            )
    )
union all
select s.nspname::text, format('belongs to %s', pg_get_userbyid(s.nspowner))
from space as s
where s.nspowner <> 10
union all
-- template0 was made at the end of initdb, so a row of the system that a later transaction wrote was changed. A change of
-- privileges also writes the row, and the rule system_grants_are_initial checks privileges.
select format('%s.%s', s.nspname, p.proname), 'was replaced or altered'
from space as s
join pg_proc as p on p.pronamespace = s.oid
join pg_language as l on l.oid = p.prolang
left join pg_database as d on d.datname = 'template0'
left join pg_init_privs as i on i.classoid = 'pg_proc'::regclass and i.objoid = p.oid and i.objsubid = 0
where
    p.oid < 16384
    and (
        p.prosecdef
        or l.lanname not in ('internal', 'c', 'sql')
        or (p.xmin::text::bigint > d.xmin::text::bigint and p.proacl is null and i.initprivs is null)
    )
union all
select
    format('the cast from %s to %s', format_type(c.castsource, null), format_type(c.casttarget, null)),
    format('was added%s', case c.castcontext when 'i' then ' and is implicit' when 'a' then ' and applies to inserts' end)
from pg_cast as c
join pg_type as source on source.oid = c.castsource
join pg_type as target on target.oid = c.casttarget
where
    c.oid >= 16384
    and source.typnamespace in (
        select n.oid from pg_namespace as n
        where n.nspname = 'pg_catalog' or pg_get_userbyid(n.nspowner) like 'stanchion\_%'
    )
    and target.typnamespace in (
        select n.oid from pg_namespace as n
        where n.nspname = 'pg_catalog' or pg_get_userbyid(n.nspowner) like 'stanchion\_%'
    )
    and not exists (
        select 1 from pg_depend as d
        where d.classid = 'pg_cast'::regclass and d.objid = c.oid and d.deptype = 'e'
    )
