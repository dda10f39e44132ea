-- For every grant of a table to a role there is a policy that selects its rows. A grant without a policy silently
-- shows nothing, and a policy for PUBLIC includes roles that it was not meant for.
--
-- severity: critical
-- remedy: revoke the privilege, or add a policy for the role in policies/.
select
    r.name as object,
    format('%s was granted %s, and no policy selects its rows', pg_get_userbyid(a.grantee), lower(a.privilege_type)) as problem
from core.own_relation as r
cross join lateral aclexplode(r.acl) as a
where
    r.kind = 'table'
    and a.grantee <> r.owner
    and a.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    and not exists (
        select 1
        from pg_policies as p
        where
            format('%s.%s', p.schemaname, p.tablename) = r.name
            and p.cmd in ('ALL', a.privilege_type)
            and pg_get_userbyid(a.grantee) = any(p.roles)
    )
union all
select r.name, format('policy %s is for PUBLIC', p.policyname)
from core.own_relation as r
join pg_policies as p on format('%s.%s', p.schemaname, p.tablename) = r.name
where 'public' = any(p.roles)
