-- Every game of a season, and those that no schedule puts into any: result, and whether it is trusted.
select
    g.game_key,
    g.played_on,
    g.game_type,
    g.status,
    g.home_team_key,
    home.team_name as home_team,
    g.away_team_key,
    away.team_name as away_team,
    g.home_score,
    g.away_score,
    g.is_trusted,
    g.is_counted,
    q.reason,
    q.accepted_reason,
    case when q.is_swapped then q.tracked_away else q.tracked_home end as tracked_home,
    case when q.is_swapped then q.tracked_home else q.tracked_away end as tracked_away,
    case when q.is_swapped then q.official_away else q.official_home end as official_home,
    case when q.is_swapped then q.official_home else q.official_away end as official_away,
    q.goals_without_scorer,
    q.coverage,
    q.flags
from marts.dim_game as g
join marts.fact_game_quality as q on q.tenant_id = g.tenant_id and q.game_key = g.game_key
left join marts.dim_team as home on home.tenant_id = g.tenant_id and home.team_key = g.home_team_key
left join marts.dim_team as away on away.tenant_id = g.tenant_id and away.team_key = g.away_team_key
where g.tenant_id = %(tenant)s and (g.season_key = %(season)s or g.season_key is null)
order by g.played_on, g.game_key
