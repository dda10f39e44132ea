-- The builder reads every tenant, so it may write none of the tables that it reads. It owns the marts and nothing
-- else.
--
-- severity: critical
-- remedy: revoke the privilege from stanchion_builder.
select r.name as object, format('stanchion_builder was granted %s', lower(a.privilege_type)) as problem
from core.own_relation as r
cross join lateral aclexplode(r.acl) as a
where a.grantee = 'stanchion_builder'::regrole and r.owner <> a.grantee and a.privilege_type <> 'SELECT'
