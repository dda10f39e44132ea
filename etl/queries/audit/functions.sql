-- Our functions that a role of ours may execute, with the types of their parameters.
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
order by role.rolname, f.name
