-- Foreign keys contain tenant_id. They are checked without policies, so one without tenant_id would let a tenant
-- reference, and so discover, a row of another tenant.
--
-- severity: critical
-- remedy: drop the foreign key, and add one that begins with tenant_id.
select r.name as object, format('%s does not lead from tenant_id to tenant_id', f.conname) as problem
from core.own_relation as r
join pg_constraint as f on f.conrelid = r.relation and f.contype = 'f'
join core.own_relation as target on target.relation = f.confrelid
join pg_attribute as here on here.attrelid = f.conrelid and here.attnum = f.conkey[1]
join pg_attribute as there on there.attrelid = f.confrelid and there.attnum = f.confkey[1]
where r.has_tenant and target.has_tenant and (here.attname <> 'tenant_id' or there.attname <> 'tenant_id')
