-- The draw of a round of a swiss tournament, given the teams as they stand: the first meets the next one that it has
-- not met, then the first of who is left, and so on. Where that leaves a pair that has met, the last choices are
-- taken back; nobody ever meets again.
--
-- Of an odd number the last one that had no bye has one.
create or replace function contest.swiss_round(p_teams text[], p_met text[], p_byes text[])
returns table (slot integer, home text, away text, is_bye boolean)
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count integer := cardinality(p_teams);
    v_met boolean[];
    v_pairs integer[];
    v_bye integer;
begin
    with pair as (
        select array_position(p_teams, p_met[m]) as a, array_position(p_teams, p_met[m + 1]) as b
        from generate_series(1, cardinality(p_met), 2) as m
    )

    select array_agg(met.a is not null order by one.n, other.n) into v_met
    from generate_series(1, v_count) as one (n)
    cross join generate_series(1, v_count) as other (n)
    left join (
        select pair.a, pair.b from pair
        union
        select pair.b, pair.a from pair
    ) as met on met.a = one.n and met.b = other.n;
    for v_bye in
        select b from generate_series(v_count, 1, -1) as b where v_count % 2 = 1 and p_teams[b] <> all (p_byes)
        union all
        select 0 where v_count % 2 = 0
    loop
        v_pairs := contest.pair_up(array(select n from generate_series(1, v_count) as n where n <> v_bye), v_met, v_count);
        if v_pairs is not null then
            return query
            select n, p_teams[v_pairs[2 * n - 1]], p_teams[v_pairs[2 * n]], false
            from generate_series(1, v_count / 2) as n
            union all
            select v_count / 2 + 1, p_teams[v_bye], null, true
            where v_bye > 0;
            return;
        end if;
    end loop;
end;
$$;

comment on function contest.swiss_round(text[], text[], text[]) is
'One row per pair, and one for the bye; none when everybody left has met.';

-- revert: drop function contest.swiss_round(text[], text[], text[]);
