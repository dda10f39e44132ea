-- An INSERT ... SELECT has RETURNING or ON CONFLICT. Citus would copy the rows of the SELECT into the table otherwise,
-- which row-level security does not permit. core.complete() is excepted: it executes this statement on plain Postgres only.
--
-- cluster: F8
-- severity: high
-- remedy: with added as (insert ... select ... returning 1) select count(*) into v_added from added; or insert VALUES.
select
    s.name as object,
    format('inserts the rows of a query into %s without RETURNING', added.relation) as problem
from core.own_statement as s
cross join
    lateral (
        select
            substring(s.code from '(?i)\minsert\s+into\s+([a-z]+\.[a-z_]+)\M') as relation,
            substring(s.code from '(?i)\minsert\s+into\s+[a-z]+\.[a-z_]+\M.*') as code
    ) as added
where
    added.relation = any(s.tables)
    and s.name <> 'core.complete(p_lease uuid, p_job bigint)'
    and added.code ~* '^insert\s+into\s+[\w.]+(\s+as\s+\w+)?\s*(\([^()]*\))?\s*(overriding\s+\w+\s+value\s*)?select\M'
    and added.code !~* '\m(returning|on\s+conflict)\M'
