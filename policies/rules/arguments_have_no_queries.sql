-- No argument of a function call is a query on a table of tenants. Citus would send the whole call to the node of the
-- table, where a function that writes, locks or notifies fails.
--
-- cluster: F14
-- severity: high
-- remedy: read the value into a variable first, and pass the variable.
with call as (
    select
        s.name,
        s.tables,
        c.word[1] as called,
        c.word[2] as relation
    from core.own_statement as s
    cross join
        lateral regexp_matches(
            s.code,
            -- a name and "(", then no ")" that closes it before "select"
            '\m([a-z]+\.[a-z_]+)\((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)|\()*?\mselect\M(?:(?!\mfrom\M).)*\mfrom\s+([a-z]+\.[a-z_]+)\M',
            'gi'
        ) as c (word)
    where s.tables <> '{}'
)

select distinct
    c.name as object,
    format('passes a query on %s to %s()', c.relation, c.called) as problem
from call as c
where
    c.relation = any(c.tables)
    and exists (
        select 1
        from core.own_function as f
        where f.name like replace(c.called, '_', '\_') || '(%' and f.volatility <> 'i'
    )
