-- A view without security_invoker reads as its owner, past the reader's policies; a materialized view
-- cannot have policies, so nobody is granted one. It is read through a gate: a view on nothing else, which asks
-- for the tenant itself, before any condition of its reader.
with gate as (
    select r.relation
    from core.own_relation as r
    join pg_class as c on c.oid = r.relation
    where
        r.kind = 'view'
        and 'security_barrier=true' = any(c.reloptions)
        and pg_get_viewdef(r.relation) ~ 'FROM hidden\.\w+ \w+\s+WHERE \((\w+\.)?tenant_id = core\.current_tenant\(\)\);$'
)

select r.name as object, 'is a view without security_invoker, and no gate' as problem
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
