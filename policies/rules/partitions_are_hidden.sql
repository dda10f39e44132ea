-- No role has a grant on a partition, since the policies belong to the table. Partitions are in schemas that no role
-- may use, and so are the sources of marts and the relations that cannot have policies. The owner, and so DBAs, may read
-- the expired partitions that are kept. Partitions of pg_partman are
-- beside their table, where it looks for them; only their owner may read them, for its maintenance.
--
-- severity: critical
-- remedy: revoke all on the partition; or run: select core.hide_partitions(TABLE);
with partman as (
    select i.inhrelid as relation
    from pg_inherits as i
    join core.partition_set as s on to_regclass(s.relation) = i.inhparent
    where s.made_by = 'pg_partman'
)

select r.name as object, format('%s was granted %s', coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'public'), lower(a.privilege_type)) as problem
from core.own_relation as r
cross join lateral aclexplode(r.acl) as a
where
    r.kind = 'partition'
    and not (a.grantee = r.owner and (r.relation in (select p.relation from partman as p) or r.schema_name = 'expired_parts'))
union all
select r.name, 'is a partition outside the schemas parts, expired_parts and mart_parts'
from core.own_relation as r
where r.kind = 'partition' and r.schema_name not in ('parts', 'expired_parts', 'mart_parts') and r.relation not in (select p.relation from partman as p)
union all
select r.name, 'is not a partition and is in a schema of partitions'
from core.own_relation as r
where r.kind <> 'partition' and r.schema_name in ('parts', 'mart_parts')
union all
select n.nspname, format('%s was granted %s', coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'public'), lower(a.privilege_type))
from pg_namespace as n
cross join lateral aclexplode(n.nspacl) as a
where (n.nspname in ('parts', 'expired_parts', 'mart_parts', 'staging', 'hidden') or n.nspname like 'mirror\_%') and a.grantee <> n.nspowner
