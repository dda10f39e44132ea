-- The draw of a round robin: everybody meets everybody once, and plays once a round at most.
--
-- All but the first move on by one place round a table; of an odd number, one rests each round. Who is first of a pair
-- changes, so that everybody is at home about as often as away.
create or replace function contest.round_robin(p_teams text[])
returns table (round integer, slot integer, home text, away text, is_bye boolean)
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    v_size integer := cardinality(p_teams) + cardinality(p_teams) % 2;
begin
    return query
    select
        r,
        (row_number() over (partition by r order by n))::integer,
        case when is_turned then p_teams[b] else p_teams[a] end,
        case when is_turned then p_teams[a] else p_teams[b] end,
        false
    from generate_series(1, v_size - 1) as r
    cross join lateral generate_series(1, v_size / 2) as n
    cross join lateral (
        select
            case when n = 1 then 1 else 2 + (n - 2 + r - 1) % (v_size - 1) end as a,
            2 + (v_size - n - 1 + r - 1) % (v_size - 1) as b,
            case when n = 1 then r % 2 = 0 else n % 2 = 0 end as is_turned
    ) as place
    where a <= cardinality(p_teams) and b <= cardinality(p_teams);
end;
$$;

comment on function contest.round_robin(text[]) is
'One row per fixture, given the teams.';

-- revert: drop function contest.round_robin(text[]);
