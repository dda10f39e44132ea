-- Every mart has a valid unique index that begins with tenant_id, so that no build can write a row twice.
--
-- severity: warning
-- remedy: stanchion build --full-refresh, after dropping the mart
select
    r.name as object,
    'has no valid unique index that begins with tenant_id' as problem
from core.own_relation as r
where
    r.schema_name = 'marts'
    and r.kind = 'table'
    and not exists (
        select 1
        from pg_index as x
        join pg_attribute as a on a.attrelid = x.indrelid and a.attnum = x.indkey[0]
        where x.indrelid = r.relation and x.indisunique and x.indisvalid and x.indpred is null and a.attname = 'tenant_id'
    )
