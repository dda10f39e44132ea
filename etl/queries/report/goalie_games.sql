-- What each goalie did in each game of a season that counts.
select
    f.person_key,
    f.game_key,
    f.played_on,
    f.team_key,
    f.side,
    opponent.team_name as opponent,
    f.decision,
    f.shots_against,
    f.saves,
    f.goals_against,
    f.save_share,
    f.seconds
from marts.fact_goalie_game as f
join marts.dim_team as opponent on opponent.tenant_id = f.tenant_id and opponent.team_key = f.opponent_team_key
where f.tenant_id = %(tenant)s and f.season_key = %(season)s and f.is_counted
order by f.played_on, f.game_key
