-- Returns the totals of each team of a competition: the sum of its current results and its byes.
--
-- The totals are computed from the fixtures and not from the ledger, which gives the same sums and grows with each
-- amendment. There are no per-team counter rows, because every session that decides a fixture of the team would wait for
-- them. Each table is read by a statement of its own, with a generic plan that a cluster can make too (docs/planner.md).
create or replace function contest.team_totals(p_competition text)
returns table (
    team_key text, team_name text, seed integer, played integer, won integer, drawn integer, lost integer, points numeric,
    score_for bigint, score_against bigint
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_competition contest.competition;
    v_teams text[];
    v_seeds integer[];
    v_named text[];
    v_names text[];
    v_homes text[];
    v_aways text[];
    v_home_scores integer[];
    v_away_scores integer[];
    v_byes text[];
begin
    select c.* into v_competition
    from contest.competition as c
    where c.tenant_id = v_tenant and c.competition_key = p_competition;
    select array_agg(e.team_key), array_agg(e.seed) into v_teams, v_seeds
    from contest.entrant as e
    where e.tenant_id = v_tenant and e.competition_key = p_competition;
    select array_agg(t.team_key), array_agg(t.name) into v_named, v_names
    from contest.team as t
    where t.tenant_id = v_tenant and t.team_key = any (v_teams);
    select array_agg(f.home_team_key), array_agg(f.away_team_key), array_agg(f.official_home), array_agg(f.official_away)
    into v_homes, v_aways, v_home_scores, v_away_scores
    from contest.fixture as f
    where f.tenant_id = v_tenant and f.competition_key = p_competition and f.official_home is not null;
    if v_competition.format = 'swiss' then
        select array_agg(p.home_team_key) into v_byes
        from contest.pairing as p
        where p.tenant_id = v_tenant and p.competition_key = p_competition and p.is_bye;
    end if;
    return query
    select
        e.team_key, t.name, e.seed, coalesce(r.played, 0), coalesce(r.won, 0), coalesce(r.drawn, 0), coalesce(r.lost, 0),
        coalesce(r.points, 0) + coalesce(b.byes, 0) * v_competition.points_win, coalesce(r.score_for, 0),
        coalesce(r.score_against, 0)
    from unnest(v_teams, v_seeds) as e (team_key, seed)
    join unnest(v_named, v_names) as t (team_key, name) on t.team_key = e.team_key
    left join (
        select
            side.team_key,
            count(*)::integer as played,
            (count(*) filter (where side.own > side.other))::integer as won,
            (count(*) filter (where side.own = side.other))::integer as drawn,
            (count(*) filter (where side.own < side.other))::integer as lost,
            sum(contest.score_points(v_competition, side.own, side.other)) as points,
            sum(side.own) as score_for,
            sum(side.other) as score_against
        from unnest(v_homes || v_aways, v_home_scores || v_away_scores, v_away_scores || v_home_scores) as side (
            team_key, own, other
        )
        group by side.team_key
    ) as r on r.team_key = e.team_key
    left join (
        select p.team_key, count(*) as byes
        from unnest(v_byes) as p (team_key)
        group by p.team_key
    ) as b on b.team_key = e.team_key;
end;
$$;

comment on function contest.team_totals(text) is
'Returns one row per team of the competition; no row when the competition does not exist.';

-- Returns the points that a team earns for its own score against the score of the opponent.
create or replace function contest.score_points(p_competition contest.competition, p_own integer, p_other integer)
returns numeric
language sql
immutable
parallel safe
return case sign(p_own - p_other)
    when 1 then (p_competition).points_win
    when 0 then (p_competition).points_draw
    when -1 then (p_competition).points_loss
end;

comment on function contest.score_points(contest.competition, integer, integer) is 'Returns the points by the rules of the competition; null without a score.';

-- revert: drop function contest.score_points(contest.competition, integer, integer);
-- revert: drop function contest.team_totals(text);
