-- No role has TRUNCATE, which checks no policy, nor REFERENCES or TRIGGER, which let a role attach its own code to a
-- table.
--
-- severity: critical
-- remedy: revoke the privilege or the grant option from the role.
select r.name as object, format('%s was granted %s', coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'public'), lower(a.privilege_type)) as problem
from core.own_relation as r
cross join lateral aclexplode(r.acl) as a
where a.grantee <> r.owner and (a.privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER') or a.is_grantable)
