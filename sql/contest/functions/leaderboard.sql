-- The table of a competition: points, in a swiss tournament then those of one's opponents, then the difference of
-- scores and the scores. Who is equal in all of them shares a place.
--
-- It reads the lines that each result moves, so it costs what there are teams; and in the caller's snapshot, in
-- which the lines are the sum of the ledger.
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
    v_is_swiss boolean;
begin
    -- in no other format it counts: there nothing of the draw is read
    select c.format = 'swiss' into v_is_swiss
    from contest.competition as c
    where c.tenant_id = v_tenant and c.competition_key = p_competition;
    return query
    select
        rank() over (order by e.points desc, b.buchholz desc, e.score_for - e.score_against desc, e.score_for desc),
        e.team_key, t.name, e.played, e.won, e.drawn, e.lost, e.points, b.buchholz, e.score_for, e.score_against
    from contest.entrant as e
    join contest.team as t on t.tenant_id = e.tenant_id and t.team_key = e.team_key
    cross join lateral (
        select coalesce(sum(o.points), 0) as buchholz
        from contest.pairing as p
        join contest.fixture as f on f.tenant_id = p.tenant_id and f.game_key = p.game_key and f.status = 'final'
        join contest.entrant as o
            on o.tenant_id = p.tenant_id and o.competition_key = p.competition_key
            and o.team_key = case when p.home_team_key = e.team_key then p.away_team_key else p.home_team_key end
        where
            v_is_swiss and p.tenant_id = v_tenant and p.competition_key = p_competition
            and e.team_key in (p.home_team_key, p.away_team_key)
    ) as b
    where e.tenant_id = v_tenant and e.competition_key = p_competition
    order by 1, t.name;
end;
$$;

comment on function contest.leaderboard(text) is
'One row per team of the competition, the first first; none for a competition that there is not. Raises 42501 without a tenant.';

grant execute on function contest.leaderboard(text) to stanchion_app;

-- revert: drop function contest.leaderboard(text);
