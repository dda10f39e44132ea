-- tenant_id is the first column of every key and index of a table of tenants. A key without it reveals to one tenant
-- that another has the value, and an index without it is not used below the policies.
--
-- An index may begin with other columns when a foreign key to a table without tenants needs it, when its first column
-- is generated from the tenant, or when it is not unique and only the builder, who reads every tenant, may read its
-- first column.
--
-- severity: high
-- remedy: drop the index, and create one that begins with tenant_id.
select r.name as object, format('%s does not begin with tenant_id', i.relname) as problem
from core.own_relation as r
join pg_index as x on x.indrelid = r.relation
join pg_class as i on i.oid = x.indexrelid
join pg_attribute as a on a.attrelid = r.relation and a.attname = 'tenant_id'
where
    r.has_tenant
    and r.kind = 'table'
    and not r.is_reference
    and x.indkey[0] <> a.attnum
    and not (
        not x.indisunique
        and (
            exists (
                select 1
                from pg_constraint as f
                where f.conrelid = r.relation and f.contype = 'f' and f.conkey[1] = x.indkey[0]
            )
            or exists (
                select 1
                from pg_attrdef as d
                where d.adrelid = r.relation and d.adnum = x.indkey[0] and pg_get_expr(d.adbin, d.adrelid) ~ '\mtenant_id\M'
            )
            or (
                has_column_privilege('stanchion_builder', r.relation, x.indkey[0], 'select')
                and not has_column_privilege('stanchion_app', r.relation, x.indkey[0], 'select')
                and not has_column_privilege('stanchion_analyst', r.relation, x.indkey[0], 'select')
            )
        )
    )
