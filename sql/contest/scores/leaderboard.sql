-- Returns the standings of a competition: by points, in a swiss tournament then by the points of the opponents, then by
-- the difference of scores and by scores. Teams that are equal in all of them share a place.
--
-- It reads the snapshot of the caller, and so equals the sum of the ledger in that snapshot. Its cost follows the number
-- of fixtures, however often they were amended.
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
    -- the drawn fixtures of a swiss tournament, and the final ones among them
    v_drawn text[];
    v_final text[];
    v_homes text[];
    v_aways text[];
begin
    perform 1
    from contest.competition as c
    where c.tenant_id = v_tenant and c.competition_key = p_competition and c.format = 'swiss';
    if found then
        select array_agg(p.game_key), array_agg(p.home_team_key), array_agg(p.away_team_key)
        into v_drawn, v_homes, v_aways
        from contest.pairing as p
        where p.tenant_id = v_tenant and p.competition_key = p_competition and p.game_key is not null;
        select array_agg(f.game_key) into v_final
        from contest.fixture as f
        where f.tenant_id = v_tenant and f.game_key = any (v_drawn) and f.status = 'final';
    end if;
    return query
    with standing as materialized (
        select s.* from contest.team_totals(p_competition) as s
    ),

    met as (
        select side.team_key, sum(o.points) as points
        from unnest(v_drawn || v_drawn, v_homes || v_aways, v_aways || v_homes) as side (game_key, team_key, opponent)
        join standing as o on o.team_key = side.opponent
        where side.game_key = any (v_final)
        group by side.team_key
    )

    select
        rank() over (
            order by s.points desc, coalesce(met.points, 0) desc, s.score_for - s.score_against desc, s.score_for desc
        ),
        s.team_key, s.team_name, s.played, s.won, s.drawn, s.lost, s.points, coalesce(met.points, 0), s.score_for, s.score_against
    from standing as s
    left join met on met.team_key = s.team_key
    order by 1, s.team_name;
end;
$$;

comment on function contest.leaderboard(text) is
'Returns one row per team of the competition, the leader first; no row when the competition does not exist. Errors: 42501 when no tenant is set.';

grant execute on function contest.leaderboard(text) to stanchion_app;

-- revert: drop function contest.leaderboard(text);
