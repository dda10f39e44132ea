-- The tables and views that a role of ours may read.
select
    role.rolname as role,
    r.name
from core.own_relation as r
join pg_roles as role on role.rolname like 'stanchion\_%' and has_any_column_privilege(role.oid, r.relation, 'select')
where r.kind in ('table', 'view')
