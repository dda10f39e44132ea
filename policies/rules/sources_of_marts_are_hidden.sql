-- Only the builder has grants on the sources of marts, which contain the rows of every tenant.
--
-- severity: critical
-- remedy: revoke the privilege; or run: stanchion build
select
    r.name as object,
    format('%s was granted %s', coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'public'), lower(a.privilege_type)) as problem
from core.own_relation as r
cross join lateral aclexplode(r.acl) as a
where (r.schema_name = 'staging' or r.schema_name like 'mirror\_%') and a.grantee <> r.owner
union all
select
    r.name,
    format('is in marts, and no policy lets %s read it', reader.who)
from core.own_relation as r
cross join (values ('stanchion_analyst', 'analysts'), ('stanchion_app', 'applications')) as reader (role, who)
where
    r.schema_name = 'marts'
    and r.kind = 'table'
    and not exists (
        select 1 from pg_policies as p
        where format('%s.%s', p.schemaname, p.tablename) = r.name and reader.role = any(p.roles)
    )
