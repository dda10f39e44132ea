-- No variable or argument is an array of the rows of a table. Citus cannot send such an array to the nodes.
--
-- cluster: F16
-- severity: high
-- remedy: keep arrays of keys, one array per column, or jsonb.
select distinct
    s.name as object,
    format('uses an array of rows of %s', word.parts[1]) as problem
from core.own_statement as s
cross join lateral regexp_matches(s.code, '\m([a-z]+\.[a-z_]+)\s*\[', 'g') as word (parts)
where word.parts[1] = any(s.tables)
union
select f.name, format('has an argument or result that is an array of rows of %s', t.name)
from core.own_function as f
join pg_proc as p on p.oid = f.function
cross join lateral unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]) || p.prorettype) as argument (type)
join pg_type as a on a.oid = argument.type and a.typelem <> 0
join pg_type as r on r.oid = a.typelem
join core.placement as t on t.relation = r.typrelid
where t.class in ('distributed', 'reference')
