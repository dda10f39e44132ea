-- The draw of a single elimination: every round, and who is in each already.
--
-- Seed 1 and 2 can only meet at the end, 1 to 4 not before the round of four, and so on; where teams are missing to
-- a power of two, the first seeds have a bye and stand in the second round. The winner of slot n goes to
-- slot (n + 1) / 2 of the next round, at home from an odd one.
create or replace function contest.bracket(p_teams text[])
returns table (round integer, slot integer, home text, away text, is_bye boolean)
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    v_seeds integer[] := array[1];
    v_rounds integer := 0;
begin
    while cardinality(v_seeds) < cardinality(p_teams) loop
        v_rounds := v_rounds + 1;
        v_seeds := array(
            select unnest(array[s.seed, 2 * cardinality(v_seeds) + 1 - s.seed])
            from unnest(v_seeds) with ordinality as s (seed, number)
            order by s.number
        );
    end loop;
    -- a seed that no team has is a bye for who would meet it
    return query
    select 1, n, p_teams[v_seeds[2 * n - 1]], p_teams[v_seeds[2 * n]], p_teams[v_seeds[2 * n]] is null
    from generate_series(1, cardinality(v_seeds) / 2) as n;
    return query
    select
        r,
        n,
        case when r = 2 and p_teams[v_seeds[4 * n - 2]] is null then p_teams[v_seeds[4 * n - 3]] end,
        case when r = 2 and p_teams[v_seeds[4 * n]] is null then p_teams[v_seeds[4 * n - 1]] end,
        false
    from generate_series(2, v_rounds) as r
    cross join lateral generate_series(1, cardinality(v_seeds) / (2 ^ r)::integer) as n;
end;
$$;

comment on function contest.bracket(text[]) is
'One row per place of the bracket, given the teams by seed; home and away are null where a winner is to come.';

-- revert: drop function contest.bracket(text[]);
