-- No role may lock a table against every tenant. UPDATE, DELETE, TRUNCATE or MAINTAIN on a whole table includes
-- `lock table ... in access exclusive mode`, which no policy limits; UPDATE on columns does not. So roles update by
-- column, and functions of the owner delete. The builder, which owns the marts, may lock those.
--
-- severity: high
-- remedy: grant update by column, and delete in a function of the owner.
select
    r.name as object,
    format(
        '%s was granted %s, which includes locking the table against every tenant',
        coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'public'), lower(a.privilege_type)
    ) as problem
from core.own_relation as r
join pg_class as c on c.oid = r.relation
cross join lateral aclexplode(c.relacl) as a
where
    r.kind <> 'sequence'
    and a.grantee <> r.owner
    and a.privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE', 'MAINTAIN')
