-- PUBLIC has no right on our objects, since every login is part of it.
--
-- severity: critical
-- remedy: revoke the privilege from public.
select r.name as object, format('PUBLIC was granted %s', lower(a.privilege_type)) as problem
from core.own_relation as r
cross join lateral aclexplode(r.acl) as a
where a.grantee = 0
union all
select f.name, 'PUBLIC may execute it'
from core.own_function as f
cross join lateral aclexplode(f.acl) as a
where a.grantee = 0
union all
select r.name || '.' || c.attname, format('%s was granted %s of one column', coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'public'), lower(a.privilege_type))
from core.own_relation as r
join pg_attribute as c on c.attrelid = r.relation
cross join lateral aclexplode(c.attacl) as a
where a.grantee = 0
union all
select n.nspname, format('%s may create in it', coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'public'))
from pg_namespace as n
cross join lateral aclexplode(n.nspacl) as a
where
    pg_get_userbyid(n.nspowner) in ('stanchion_owner', 'stanchion_builder')
    and a.grantee <> n.nspowner
    and (a.privilege_type = 'CREATE' or a.grantee = 0)
