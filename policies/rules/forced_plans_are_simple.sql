-- A statement of a function that forces generic plans is on one table of one tenant, or on tables that a cluster copies.
-- Citus makes no generic plan of a join, a sub-select, a CTE and an INSERT ... SELECT on a distributed table. The setting
-- also holds in the functions that such a function calls and that do not set their own. Excepted
-- are a function that calls another one on a cluster, whose name ends in _of_node, and a function that is called on plain
-- Postgres only, whose name ends in _on_one_server.
--
-- cluster: F5
-- severity: high
-- remedy: divide the statement, or remove "set plan_cache_mode = force_generic_plan" from the function.
with recursive planned as (
    select f.function, split_part(f.name, '(', 1) as name, setting.text as mode
    from core.own_function as f
    left join lateral (
        select s.text
        from unnest(f.settings) as s (text)
        where s.text like 'plan\_cache\_mode=%'
    ) as setting on true
),

call as (
    select distinct s.function, word.parts[1] as name
    from core.own_statement as s
    cross join lateral regexp_matches(s.code, '\m([a-z]+\.[a-z_]+)\(', 'g') as word (parts)
),

forced (function, by) as (
    select p.function, p.name
    from planned as p
    where p.mode = 'plan_cache_mode=force_generic_plan'
    union
    select p.function, f.by
    from forced as f
    join call as c on c.function = f.function
    join planned as p on p.name = c.name and p.mode is null
)

select
    s.name as object,
    format(
        'has a statement on %s that Citus cannot plan generically, as %s forces it to', array_to_string(s.tables, ' and '), min(f.by)
    ) as problem
from forced as f
join core.own_statement as s on s.function = f.function
where
    s.tables <> '{}'
    and s.language = 'plpgsql'
    and s.function not in (
        select o.function from core.own_function as o
        where o.body ~ '\mcore\.\w+_of_node\(' or o.name ~ '_on_one_server\('
    )
    and s.code ~* '\m(select|perform|insert|update|delete)\M'
    and exists (
        select from core.placement as t
        where t.name = any(s.tables) and t.class = 'distributed'
    )
    and (
        cardinality(s.tables) > 1
        or s.code ~* '\m(join|exists|with|union)\M|\(\s*select\M|\minsert\s+into\M.*\mselect\M|\mselect\M.*\mselect\M'
        or s.code !~* '\minsert\s+into\M|\mtenant_id = [vp]_\w+'
    )
group by s.name, s.tables
