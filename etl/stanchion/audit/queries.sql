-- name: access_to_functions
-- Functions that each role may call, and the role with whose rights they run: (object, role, access).
select
    f.name as object,
    pg_get_userbyid(a.grantee) as role,
    case when f.is_definer then 'runs as the owner' else 'runs as the caller' end as access
from core.own_function as f
cross join lateral aclexplode(f.acl) as a
where a.grantee <> f.owner
order by f.name, a.grantee;

-- name: access_to_relations
-- Operations of each role on each table or view, and the rows that they reach: (object, role, access).
with allowed as (
    select
        r.name,
        pg_get_userbyid(a.grantee) as role,
        lower(a.privilege_type) as verb,
        case
            when r.kind = 'view' then 'rows of its tables'
            when p.text like '%readable\_tenants%' then 'granted tenants'
            when p.text like '%is\_operator%' then 'the tenant; all for operators'
            when p.text like '%current\_tenant%' then 'own tenant'
            when p.text = 'true' then case when r.has_tenant then 'every tenant' else 'all' end
            else p.text
        end as rows
    from core.own_relation as r
    cross join lateral aclexplode(r.acl) as a
    left join lateral (
        select coalesce(policy.qual, policy.with_check) as text
        from pg_policies as policy
        where
            format('%s.%s', policy.schemaname, policy.tablename) = r.name
            and policy.cmd in ('ALL', a.privilege_type)
            and pg_get_userbyid(a.grantee) = any(policy.roles)
    ) as p on true
    where
        r.kind in ('table', 'view')
        and a.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
        and (r.kind = 'table' or a.grantee <> r.owner)
)

select
    a.name as object,
    a.role,
    string_agg(a.verbs || ': ' || a.rows, '; ' order by a.verbs) as access
from (
    select
        allowed.name,
        allowed.role,
        allowed.rows,
        string_agg(distinct allowed.verb, ', ' order by allowed.verb) as verbs
    from allowed
    where allowed.rows is not null
    group by allowed.name, allowed.role, allowed.rows
) as a
group by a.name, a.role
order by a.name, a.role;

-- name: catalogs
-- System views and tables that analysts may read.
select n.nspname || '.' || c.relname as name
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where
    n.nspname in ('pg_catalog', 'information_schema')
    and c.relkind in ('r', 'v')
    and has_table_privilege('stanchion_analyst', c.oid, 'select')
order by n.nspname, c.relname;

-- name: functions
-- Functions of Stanchion that each of its roles may execute, with the types of their parameters.
select
    role.rolname as role,
    f.name,
    array[n.nspname::text, p.proname::text] as path,
    p.prokind = 'p' as is_procedure,
    array(
        select format_type(t.type, null)
        from unnest(p.proargtypes::oid[]) with ordinality as t (type, position)
        order by t.position
    ) as types
from core.own_function as f
join pg_proc as p on p.oid = f.function
join pg_namespace as n on n.oid = p.pronamespace
join pg_roles as role on role.rolname like 'stanchion\_%' and has_function_privilege(role.oid, f.function, 'execute')
where p.prokind in ('f', 'p') and p.prorettype <> 'trigger'::regtype
order by role.rolname, f.name;

-- name: grants
-- Tables and views that each role of Stanchion may read.
select
    role.rolname as role,
    r.name
from core.own_relation as r
join pg_roles as role on role.rolname like 'stanchion\_%' and has_any_column_privilege(role.oid, r.relation, 'select')
where r.kind in ('table', 'view');

-- name: relations
-- Relations of Stanchion with their columns, including the first three partitions of each table.
with candidate as (
    select
        r.name,
        r.relation,
        row_number() over (partition by i.inhparent order by r.name) as nth,
        r.kind
    from core.own_relation as r
    left join pg_inherits as i on i.inhrelid = r.relation
)

select
    c.name,
    array(
        select a.attname::text
        from pg_attribute as a
        where a.attrelid = c.relation and a.attnum > 0 and not a.attisdropped
    ) as columns
from candidate as c
where c.kind <> 'partition' or c.nth <= 3
order by c.name;

-- name: tables
-- Tables with tenant_id, with their columns, checks and foreign keys.
select
    r.name,
    (
        select
            jsonb_agg(
                jsonb_build_object(
                    'name', a.attname,
                    'type', format_type(a.atttypid, null),
                    'required', a.attnotnull and not a.atthasdef and a.attidentity = '',
                    'nullable', not a.attnotnull,
                    'writable', a.attgenerated = '' and a.attidentity <> 'a',
                    'labels', (
                        select jsonb_agg(e.enumlabel order by e.enumsortorder) from pg_enum as e
                        where e.enumtypid = a.atttypid
                    )
                )
                order by a.attnum
            )
        from pg_attribute as a
        where a.attrelid = r.relation and a.attnum > 0 and not a.attisdropped
    ) as columns,
    coalesce((
        select
            jsonb_object_agg(
                c.conname,
                jsonb_build_object(
                    'columns', (
                        select jsonb_agg(a.attname) from pg_attribute as a
                        where a.attrelid = r.relation and a.attnum = any(c.conkey)
                    ),
                    'literals', (select coalesce(jsonb_agg(m[1]), '[]') from regexp_matches(pg_get_constraintdef(c.oid), '''([^'']*)''::', 'g') as m)
                )
            )
        from pg_constraint as c
        where c.conrelid = r.relation and c.contype = 'c'
    ), '{}') as checks,
    coalesce((
        select
            jsonb_agg(
                jsonb_build_object(
                    'columns', (
                        select jsonb_agg(a.attname order by k.n)
                        from unnest(c.conkey) with ordinality as k (num, n)
                        join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = k.num
                    ),
                    'target', c.confrelid::regclass::text,
                    'target_columns', (
                        select jsonb_agg(a.attname order by k.n)
                        from unnest(c.confkey) with ordinality as k (num, n)
                        join pg_attribute as a on a.attrelid = c.confrelid and a.attnum = k.num
                    )
                )
                order by c.conkey
            )
        from pg_constraint as c
        where c.conrelid = r.relation and c.contype = 'f' and c.conparentid = 0
    ), '[]') as parents,
    p.partrelid is not null as is_partitioned,
    pg_get_userbyid(r.owner)::text as owner
from core.own_relation as r
left join pg_partitioned_table as p on p.partrelid = r.relation
where r.kind = 'table' and r.has_tenant
order by r.name;
