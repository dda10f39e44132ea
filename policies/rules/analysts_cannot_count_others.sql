-- EXPLAIN ANALYZE tells how many rows a policy removed behind an index. On an index that begins with
-- anything but the tenant, that spells out what others have; so analysts are not granted such a column.
select
    r.name as object,
    format('%s begins with %s, which analysts may read', i.relname, a.attname) as problem
from core.own_relation as r
join pg_index as x on x.indrelid = r.relation
join pg_class as i on i.oid = x.indexrelid
join pg_attribute as a on a.attrelid = r.relation and a.attnum = x.indkey[0]
where
    r.has_tenant
    and r.kind in ('table', 'partition')
    and a.attname <> 'tenant_id'
    and has_column_privilege('stanchion_analyst', r.relation, a.attnum, 'select')
