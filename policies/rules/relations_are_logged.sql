-- Every partition and mart is logged. A crash empties an unlogged one, and a replica does not have it. The catalog record
-- of the last deploy covers the other tables, of which a few are unlogged because nothing is lost with them.
--
-- severity: warning
-- remedy: alter table NAME set logged;
select
    r.name as object,
    'is unlogged: a crash empties it' as problem
from core.own_relation as r
join pg_class as c on c.oid = r.relation
where c.relpersistence = 'u' and (r.kind = 'partition' or r.schema_name in ('marts', 'staging', 'mart_parts') or r.schema_name like 'mirror\_%')
