-- The system's views and tables that analysts may read.
select n.nspname || '.' || c.relname as name
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where
    n.nspname in ('pg_catalog', 'information_schema')
    and c.relkind in ('r', 'v')
    and has_table_privilege('stanchion_analyst', c.oid, 'select')
order by n.nspname, c.relname
