-- What each team did in each game of a season that counts.
select
    f.team_key,
    f.game_key,
    f.played_on,
    f.side,
    f.opponent_team_key,
    opponent.team_name as opponent,
    f.score_for,
    f.score_against,
    f.result,
    f.goals,
    f.shots,
    f.shots_on_goal,
    f.shots_missed,
    f.shots_blocked,
    f.shots_against,
    f.corsi_share
from marts.fact_team_game as f
join marts.dim_team as opponent on opponent.tenant_id = f.tenant_id and opponent.team_key = f.opponent_team_key
where f.tenant_id = %(tenant)s and f.season_key = %(season)s and f.is_counted
order by f.played_on, f.game_key
