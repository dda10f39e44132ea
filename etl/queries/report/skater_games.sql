-- What each skater did in each game of a season that counts.
select
    f.person_key,
    f.game_key,
    f.played_on,
    f.team_key,
    f.side,
    opponent.team_name as opponent,
    f.goals,
    f.assists,
    f.points,
    f.shots_on_goal,
    f.plus_minus,
    f.penalty_minutes,
    f.shifts,
    f.seconds
from marts.fact_player_game as f
join marts.dim_team as opponent on opponent.tenant_id = f.tenant_id and opponent.team_key = f.opponent_team_key
where f.tenant_id = %(tenant)s and f.season_key = %(season)s and f.is_counted and f.has_played and not f.is_goalie
order by f.played_on, f.game_key
