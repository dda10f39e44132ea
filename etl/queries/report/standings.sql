-- The tables of a season: that of all games, and those of each type.
select
    s.game_type,
    s.place,
    s.team_key,
    t.team_name,
    s.games,
    s.wins,
    s.losses,
    s.ties,
    s.overtime_losses,
    s.points,
    s.goals_for,
    s.goals_against,
    s.goal_difference,
    s.last_five,
    s.streak
from marts.standings as s
join marts.dim_team as t on t.tenant_id = s.tenant_id and t.team_key = s.team_key
where s.tenant_id = %(tenant)s and s.season_key = %(season)s
order by array_position(array['All', 'Regular', 'Playoffs'], s.game_type), s.place, t.team_name
