-- Draws a competition: the whole bracket or round robin at once, or the next round of a swiss tournament, once every
-- fixture of the round before is final.
create or replace function contest.draw(p_competition text)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_competition contest.competition;
    v_teams text[];
    v_met text[];
    v_byes text[];
    v_pairings jsonb;
    v_drawn integer;
begin
    v_competition := contest.lock_competition(p_competition);
    select array_agg(s.team_key order by s.points desc, s.seed) into v_teams from contest.team_totals(p_competition) as s;
    if v_competition.format = 'free' then
        raise exception 'competition % has format free: its fixtures are added one by one', p_competition using errcode = '55000';
    elsif v_competition.drawn >= coalesce(v_competition.rounds, 1) then
        raise exception 'every round of competition % is already drawn', p_competition using errcode = '55000';
    elsif cardinality(v_teams) >= 2 is not true then
        raise exception 'competition % has fewer than two teams', p_competition using errcode = '55000';
    elsif exists (
        select 1
        from contest.fixture as f
        where f.tenant_id = v_tenant and f.competition_key = p_competition and f.status <> 'final'
    ) then
        raise exception 'a fixture of the last round of competition % is not final', p_competition using errcode = '55000';
    end if;
    if v_competition.format = 'swiss' then
        v_met := array(
            select unnest(array[p.home_team_key, p.away_team_key])
            from contest.pairing as p
            where p.tenant_id = v_tenant and p.competition_key = p_competition and not p.is_bye
        );
        v_byes := array(
            select p.home_team_key
            from contest.pairing as p
            where p.tenant_id = v_tenant and p.competition_key = p_competition and p.is_bye
        );
        select jsonb_agg(to_jsonb(s) || jsonb_build_object('round', v_competition.drawn + 1)) into v_pairings
        from contest.swiss_round(v_teams, v_met, v_byes) as s;
    elsif v_competition.format = 'round robin' then
        select jsonb_agg(to_jsonb(s)) into v_pairings from contest.round_robin(v_teams) as s;
    else
        select jsonb_agg(to_jsonb(s)) into v_pairings from contest.bracket(v_teams) as s;
    end if;
    if v_pairings is null then
        raise exception 'no further round of competition % is possible without a repeated pair', p_competition using errcode = '55000';
    end if;
    select
        jsonb_agg(
            case
                when p.pairing ->> 'home' is null or p.pairing ->> 'away' is null then p.pairing
                else p.pairing || jsonb_build_object(
                    'fixture', format('%s/%s/%s', p_competition, p.pairing ->> 'round', p.pairing ->> 'slot')
                )
            end
            order by (p.pairing ->> 'round')::integer, (p.pairing ->> 'slot')::integer
        ),
        max((p.pairing ->> 'round')::integer)
    into v_pairings, v_drawn
    from jsonb_array_elements(v_pairings) as p (pairing);
    perform contest.record_event(
        'contest.competition', p_competition, null, 'round.drawn',
        jsonb_build_object('drawn', v_drawn, 'pairings', v_pairings)
    );
    return v_drawn;
end;
$$;

comment on function contest.draw(text) is
'Returns the number of rounds drawn so far. Errors: 55000 when nothing can be drawn (every round is drawn, a fixture is not final, every pair has met, there are fewer than two teams, or fixtures are added one by one); P0002 when the competition does not exist; 42501 when the principal may not draw.';

grant execute on function contest.draw(text) to stanchion_app;

-- Returns the draw of a single elimination: every round, with the teams known so far.
--
-- Seeds 1 and 2 can only meet in the final, seeds 1 to 4 not before the round of four, and so on. Where teams are missing
-- to a power of two, the first seeds have a bye and are already in the second round. The winner of slot n goes to slot
-- (n + 1) / 2 of the next round, as home team when n is odd.
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
    -- a seed without a team is a bye for its opponent
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
'Returns one row per slot of the bracket for teams ordered by seed; home and away are null where a winner is not known yet.';

-- Returns the draw of a round robin: every pair meets once, and a team plays at most once per round.
--
-- All teams but the first rotate by one place per round; of an odd number of teams, one rests each round. The order
-- within a pair alternates, so that every team is at home about as often as away.
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
'Returns one row per fixture for the given teams.';

-- Returns a round of a swiss tournament for teams in the order of the standings: the first team meets the next team that
-- it has not met, then the first of the remaining teams, and so on. Where that leaves a pair that has already met, the
-- last choices are undone, so that no pair ever meets twice.
--
-- Of an odd number of teams, the last one without a bye gets one.
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
'Returns one row per pair, and one for the bye; no row when every remaining pair has met.';

-- Pairs the remaining places: the first with the next one that it has not met, trying the later choices in turn.
create or replace function contest.pair_up(p_places integer[], p_met boolean[], p_count integer)
returns integer[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rest integer[];
begin
    if cardinality(p_places) = 0 then
        return array[]::integer[];
    end if;
    for v_other in 2..cardinality(p_places) loop
        if not p_met[(p_places[1] - 1) * p_count + p_places[v_other]] then
            v_rest := contest.pair_up(p_places[2:v_other - 1] || p_places[v_other + 1:], p_met, p_count);
            if v_rest is not null then
                return array[p_places[1], p_places[v_other]] || v_rest;
            end if;
        end if;
    end loop;
    return null;
end;
$$;

comment on function contest.pair_up(integer[], boolean[], integer) is
'Returns the places two by two; null when no pairing exists.';

-- revert: drop function contest.pair_up(integer[], boolean[], integer);
-- revert: drop function contest.swiss_round(text[], text[], text[]);
-- revert: drop function contest.round_robin(text[]);
-- revert: drop function contest.bracket(text[]);
-- revert: drop function contest.draw(text);
