-- Statements in the functions of Stanchion, for the tenancy rules in policies/rules.
--
-- A body is divided at semicolons and at LOOP, and keywords of blocks before a statement are removed, such as "begin" and
-- "if found then". A condition that has a query keeps the statement after it. Only tables that would be on the nodes of a
-- cluster are named; other tables are read and written as on plain Postgres.
create or replace view core.own_statement with (security_invoker = true) as
with part as materialized (
    select
        f.function,
        f.name,
        f.language,
        s.number,
        s.text,
        case
            -- the search for the last keyword of a block is slow
            when s.text ~* '\m(?:then|else|begin|declare)\M'
                then
                    pg_catalog.regexp_replace(
                        s.text,
                        '^(?:(?!\m(?:select|perform|insert|update|delete|with)\M).)*\m(?:then|else|begin|declare)\M', '', 'i'
                    )
            else s.text
        end as code
    from core.own_function as f
    cross join
        lateral pg_catalog.regexp_split_to_table(
            core.code_of(f.body || coalesce(pg_catalog.pg_get_function_sqlbody(f.function), '')), ';|\mloop\M'
        ) with ordinality as s (text, number)
),

known as materialized (
    select pg_catalog.array_agg(t.name) as tables
    from core.placement as t
    where t.class in ('distributed', 'reference')
)

select
    p.function,
    p.name,
    p.language,
    p.number,
    p.code,
    pg_catalog.lead(p.text) over (partition by p.function order by p.number) as following,
    array(
        select distinct word.parts[1]
        from pg_catalog.regexp_matches(p.code, '\m[a-z]+\.[a-z_]+\M', 'g') as word (parts)
        where word.parts[1] = any(k.tables)
        order by 1
    ) as tables
from part as p
cross join known as k;

comment on view core.own_statement is
'One row per statement of our functions, in order, without comments and the contents of strings, with the tables that it names and a cluster distributes or copies.';

-- needs: core.code_of, core.own_function, core.placement

-- revert: drop view core.own_statement;
