-- The table of a competition: points, in a swiss tournament then those of one's opponents, then the difference of
-- scores and the scores. Who is equal in all of them shares a place.
--
-- In the caller's snapshot, and so the sum of the ledger in it; it costs what there are fixtures, however often they
-- were amended.
create or replace function contest.leaderboard(p_competition text)
returns table (
    place bigint, team_key text, team_name text, played integer, won integer, drawn integer, lost integer, points numeric,
    buchholz numeric, score_for bigint, score_against bigint
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.required_tenant();
begin
    return query
    with standing as materialized (
        select s.* from contest.standing(p_competition) as s
    ),

    met as (
        select side.team_key, sum(o.points) as points
        from contest.pairing as p
        join contest.competition as c
            on c.tenant_id = p.tenant_id and c.competition_key = p.competition_key and c.format = 'swiss'
        join contest.fixture as f on f.tenant_id = p.tenant_id and f.game_key = p.game_key and f.status = 'final'
        cross join lateral (
            values (p.home_team_key, p.away_team_key), (p.away_team_key, p.home_team_key)
        ) as side (team_key, opponent)
        join standing as o on o.team_key = side.opponent
        where p.tenant_id = v_tenant and p.competition_key = p_competition
        group by side.team_key
    )

    select
        rank() over (
            order by s.points desc, coalesce(met.points, 0) desc, s.score_for - s.score_against desc, s.score_for desc
        ),
        s.team_key, t.name, s.played, s.won, s.drawn, s.lost, s.points, coalesce(met.points, 0), s.score_for, s.score_against
    from standing as s
    join contest.team as t on t.tenant_id = v_tenant and t.team_key = s.team_key
    left join met on met.team_key = s.team_key
    order by 1, t.name;
end;
$$;

comment on function contest.leaderboard(text) is
'One row per team of the competition, the first first; none for a competition that there is not. Raises 42501 without a tenant.';

grant execute on function contest.leaderboard(text) to stanchion_app;

-- revert: drop function contest.leaderboard(text);
