-- Lists relations of the marts that a role other than the builder could read without row-level security.
select
    n.nspname || '.' || c.relname as object,
    c.relkind
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where
    n.nspname in ('marts', 'staging', 'mart_parts')
    and (
        (c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity))
        or (c.relkind in ('r', 'p') and not c.relispartition and not exists (
            select from pg_catalog.pg_policy as p
            where p.polrelid = c.oid
        ))
        or (c.relkind = 'v' and not coalesce('security_invoker=true' = any(c.reloptions), false))
        or c.relkind = 'm'
    )
