-- Analysts have no grant on a column that an index of several tenants begins with. EXPLAIN ANALYZE prints the number
-- of rows that a policy removed behind an index, so such an index would let an analyst find out the values of other
-- tenants.
--
-- severity: high
-- remedy: drop the index, or revoke select of the column from stanchion_analyst.
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
