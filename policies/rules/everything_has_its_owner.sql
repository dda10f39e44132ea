-- Every object belongs to stanchion_owner, and every mart to the builder. An object that belongs to a person would be
-- lost with that person.
--
-- severity: high
-- remedy: alter the object to belong to the owner of its schema: alter table NAME owner to stanchion_owner;
select r.name as object, format('belongs to %s', pg_get_userbyid(r.owner)) as problem
from core.own_relation as r
join pg_class as c on c.oid = r.relation
join pg_namespace as n on n.oid = c.relnamespace
where r.owner <> n.nspowner
union all
select f.name, format('belongs to %s', pg_get_userbyid(f.owner))
from core.own_function as f
join pg_proc as p on p.oid = f.function
join pg_namespace as n on n.oid = p.pronamespace
where f.owner <> n.nspowner
