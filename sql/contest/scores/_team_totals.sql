-- Returns the totals of each team of a competition: the sum of its current results and its byes.
--
-- The totals are computed from the fixtures and not from the ledger, which gives the same sums and grows with each
-- amendment. There are no per-team counter rows, because every session that decides a fixture of the team would wait for
-- them.
create or replace function contest.team_totals(p_competition text)
returns table (
    team_key text, seed integer, played integer, won integer, drawn integer, lost integer, points numeric, score_for bigint,
    score_against bigint
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
begin
    select c.* into v_competition
    from contest.competition as c
    where c.tenant_id = v_tenant and c.competition_key = p_competition;
    return query
    select
        e.team_key, e.seed, coalesce(r.played, 0), coalesce(r.won, 0), coalesce(r.drawn, 0), coalesce(r.lost, 0),
        coalesce(r.points, 0) + coalesce(b.byes, 0) * v_competition.points_win, coalesce(r.score_for, 0),
        coalesce(r.score_against, 0)
    from contest.entrant as e
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
        from contest.fixture as f
        cross join lateral (
            values
            (f.home_team_key, f.official_home, f.official_away),
            (f.away_team_key, f.official_away, f.official_home)
        ) as side (team_key, own, other)
        where f.tenant_id = v_tenant and f.competition_key = p_competition and f.official_home is not null
        group by side.team_key
    ) as r on r.team_key = e.team_key
    left join (
        select p.home_team_key as team_key, count(*) as byes
        from contest.pairing as p
        where p.tenant_id = v_tenant and p.competition_key = p_competition and p.is_bye and v_competition.format = 'swiss'
        group by p.home_team_key
    ) as b on b.team_key = e.team_key
    where e.tenant_id = v_tenant and e.competition_key = p_competition;
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
