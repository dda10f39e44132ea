-- What each team of a competition has come to: the sum of its results as they are, and of its byes.
--
-- It reads the fixtures and not the ledger, which says the same and grows with each amendment; and no lines kept
-- for the teams, for which everybody who decides a fixture of theirs would wait.
create or replace function contest.standing(p_competition text)
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
            sum(contest.worth(v_competition, side.own, side.other)) as points,
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

comment on function contest.standing(text) is
'One row per team of the competition; none for a competition that there is not.';

-- What a score is worth to whom it is of.
create or replace function contest.worth(p_competition contest.competition, p_own integer, p_other integer)
returns numeric
language sql
immutable
parallel safe
return case sign(p_own - p_other)
    when 1 then (p_competition).points_win
    when 0 then (p_competition).points_draw
    when -1 then (p_competition).points_loss
end;

comment on function contest.worth(contest.competition, integer, integer) is 'Points of the competition; null without a score.';

-- revert: drop function contest.worth(contest.competition, integer, integer);
-- revert: drop function contest.standing(text);
