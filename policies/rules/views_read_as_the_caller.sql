-- A view has security_invoker; otherwise it reads as its owner, past the policies of the reader. No role has a grant
-- on a materialized view, which cannot have policies. It is read through a filtering view on nothing else, which
-- compares the tenant before any condition of its reader.
--
-- severity: critical
-- remedy: alter view NAME set (security_invoker = true);
with gate as (
    select r.relation
    from core.own_relation as r
    join pg_class as c on c.oid = r.relation
    where
        r.kind = 'view'
        and 'security_barrier=true' = any(c.reloptions)
        and pg_get_viewdef(r.relation) ~ 'FROM hidden\.\w+ \w+\s+WHERE \((\w+\.)?tenant_id = core\.current_tenant\(\)\);$'
)

select r.name as object, 'is a view without security_invoker, and not a filtering view' as problem
from core.own_relation as r
join pg_class as c on c.oid = r.relation
where
    r.kind = 'view'
    and not coalesce('security_invoker=true' = any(c.reloptions), false)
    and r.relation not in (select g.relation from gate as g)
union all
select r.name, format('%s was granted a materialized view', coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'public'))
from core.own_relation as r
cross join lateral aclexplode(r.acl) as a
where r.kind = 'materialized view' and a.grantee <> r.owner
