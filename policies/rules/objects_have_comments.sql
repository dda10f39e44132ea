-- Tables, views and functions have a comment, and the comment of a function begins with "Returns". Constraints have a
-- name of ours, since users see the name when a constraint refuses their row.
--
-- severity: warning
-- remedy: comment on the object in its module, then run: stanchion deploy
select r.name as object, 'has no comment' as problem
from core.own_relation as r
where r.kind in ('table', 'view', 'materialized view') and obj_description(r.relation, 'pg_class') is null
union all
select f.name, 'has no comment'
from core.own_function as f
where obj_description(f.function, 'pg_proc') is null
union all
select f.name, 'has a comment that does not begin with "Returns"'
from core.own_function as f
where obj_description(f.function, 'pg_proc') not like 'Returns %'
union all
select r.name, format('the constraint %s was named by the server', c.conname)
from core.own_relation as r
join pg_class as t on t.oid = r.relation
join pg_constraint as c on c.conrelid = r.relation and c.contype <> 'n'
where r.kind = 'table' and r.schema_name <> 'marts' and c.conname ~ ('^' || t.relname || '(_.*)?_(pkey|fkey|key|check|excl)\d*$')
