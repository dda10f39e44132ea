-- A policy guards the table and not its partitions: so nobody has a grant on one, and they live in schemas
-- that nobody may use; nor may anybody use the one with what marts are computed from, or that with what has no
-- policies. Those that
-- pg_partman makes stand beside their table, where it looks for them, and their owner reads them, as its
-- maintenance does; nobody else has a grant on those either.
with partman as (
    select i.inhrelid as relation
    from pg_inherits as i
    join core.partition_set as s on to_regclass(s.relation) = i.inhparent
    where s.made_by = 'pg_partman'
)

select r.name as object, format('%s was granted %s', coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'public'), lower(a.privilege_type)) as problem
from core.own_relation as r
cross join lateral aclexplode(r.acl) as a
where r.kind = 'partition' and not (a.grantee = r.owner and r.relation in (select p.relation from partman as p))
union all
select r.name, 'is a partition outside the schemas parts and mart_parts'
from core.own_relation as r
where r.kind = 'partition' and r.schema_name not in ('parts', 'mart_parts') and r.relation not in (select p.relation from partman as p)
union all
select r.name, 'is not a partition and stands among partitions'
from core.own_relation as r
where r.kind <> 'partition' and r.schema_name in ('parts', 'mart_parts')
union all
select n.nspname, format('%s was granted %s', coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'public'), lower(a.privilege_type))
from pg_namespace as n
cross join lateral aclexplode(n.nspacl) as a
where n.nspname in ('parts', 'mart_parts', 'staging', 'hidden') and a.grantee <> n.nspowner
