-- Relations outside our schemas that contain rows of tenants have policies: a copy of a table, or a view that reads as its
-- owner, shows the rows of every tenant to each login that it is granted to later.
--
-- A relation contains rows of tenants when it has a column tenant_id of type uuid. Legitimate are tables with row-level
-- security and a policy, views with security_invoker, temporary tables, partitions, the relations of an extension, and
-- those of a schema of another project, which has this text in its comment.
--
-- severity: warning
-- remedy: create a policy, move it into marts, or for a schema of another project: comment on schema NAME is 'Without tenants of Stanchion.'
select
    format('%s.%s', n.nspname, c.relname) as object,
    case c.relkind
        when 'v' then 'is outside our schemas, contains tenant_id, and reads as its owner'
        when 'm' then 'is outside our schemas, contains tenant_id, and cannot have a policy'
        else 'is outside our schemas, contains tenant_id, and has no policy'
    end as problem
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
join pg_attribute as a on a.attrelid = c.oid and a.attname = 'tenant_id' and a.atttypid = 'uuid'::regtype and not a.attisdropped
where
    c.relkind in ('r', 'p', 'v', 'm', 'f')
    and c.relpersistence <> 't'
    and not c.relispartition
    and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
    and pg_get_userbyid(n.nspowner) not in ('stanchion_owner', 'stanchion_builder')
    and coalesce(obj_description(n.oid, 'pg_namespace'), '') not ilike '%without tenants of stanchion%'
    and not (
        c.relkind in ('r', 'p')
        and c.relrowsecurity
        and exists (
            select 1 from pg_policy as p
            where p.polrelid = c.oid
        )
    )
    and not (c.relkind = 'v' and coalesce(c.reloptions, '{}') && array['security_invoker=true', 'security_invoker=on', 'security_invoker=1'])
    and not exists (
        select 1 from pg_depend as d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
    )
