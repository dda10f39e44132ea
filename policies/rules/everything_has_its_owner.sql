-- Everything belongs to the owner, and the marts to the builder: what belongs to a person goes with them.
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
