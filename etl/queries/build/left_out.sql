-- Which games that were to be played by now do not count, and why, as analysts read it.
select
    q.played_on,
    home.team_name || ' - ' || away.team_name as game,
    q.reason
from marts.fact_game_quality as q
join marts.dim_game as g on g.tenant_id = q.tenant_id and g.game_key = q.game_key
join marts.dim_team as home on home.tenant_id = g.tenant_id and home.team_key = g.home_team_key
join marts.dim_team as away on away.tenant_id = g.tenant_id and away.team_key = g.away_team_key
where q.tenant_id = current_setting('stanchion.demo_tenant')::uuid and not q.is_counted
order by q.played_on, game
