-- tenant_id is a uuid and not null: a row without a tenant would be visible to no role.
--
-- severity: critical
-- remedy: alter table NAME alter tenant_id set not null;
select r.name as object, 'tenant_id is not "uuid not null"' as problem
from core.own_relation as r
join pg_attribute as a on a.attrelid = r.relation and a.attname = 'tenant_id'
where r.kind in ('table', 'partition') and (not a.attnotnull or a.atttypid <> 'uuid'::regtype)
