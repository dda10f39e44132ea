-- A login is a member of one of our roles, directly or through others. A login with two roles could join the rows of
-- both. The deployer, who creates the roles, is exempt, and so is a DBA, who is a member of the owner. Our roles
-- themselves log in on a cluster only, which the rule roles_cannot_log_in checks.
--
-- severity: critical
-- remedy: revoke all but one of the roles from the login, or make an operator a member of stanchion_dba.
with login as (
    select
        m.member_name,
        array_agg(m.role_name::text order by m.role_name) filter (where m.role_name <> 'stanchion_dba') as roles,
        bool_or(m.role_name = 'stanchion_dba') as is_dba
    from core.own_membership as m
    join pg_roles as r on r.oid = m.member
    where
        r.rolcanlogin
        and m.is_ours
        and not m.is_deployer
        and m.member not in (
            select o.role from core.own_membership as o
            where o.is_ours
        )
    group by m.member_name
)

select
    l.member_name::text as object,
    format('is a member of %s', array_to_string(l.roles, ' and as ')) as problem
from login as l
where cardinality(l.roles) > 1
union all
select l.member_name::text, 'is an operator without being a DBA'
from login as l
where l.roles = array['stanchion_owner'] and not l.is_dba
union all
select m.member_name::text, format('may grant %s to others', a.roleid::regrole)
from core.own_membership as m
join pg_auth_members as a on a.member = m.role and a.admin_option
join pg_roles as r on r.oid = m.role
where
    not m.is_deployer
    and not r.rolcreaterole
    and a.roleid in (
        select o.role from core.own_membership as o
        where o.is_ours
    )
