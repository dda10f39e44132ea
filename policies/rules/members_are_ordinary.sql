-- Members of our roles, and the groups they belong to, have no attribute that bypasses grants and policies. A DBA may
-- create roles and databases. The deployer, who creates the roles, is exempt.
--
-- severity: critical
-- remedy: alter role NAME nosuperuser noreplication nobypassrls nocreaterole nocreatedb; or revoke the membership.
select
    m.role_name::text as object,
    format(
        '%s, and %s',
        attribute.name,
        case m.role when m.member then 'is a member of one of our roles' else format('%s is a member of it', m.member_name) end
    ) as problem
from core.own_membership as m
join pg_roles as r on r.oid = m.role
cross join
    lateral (
        values
        ('is a superuser', r.rolsuper),
        ('bypasses every policy', r.rolbypassrls),
        ('can replicate', r.rolreplication),
        ('can create roles', r.rolcreaterole and not (m.is_operator and m.role = m.member)),
        ('can create databases', r.rolcreatedb and not (m.is_operator and m.role = m.member))
    ) as attribute (name, is_set)
where not m.is_deployer and not m.is_ours and attribute.is_set
