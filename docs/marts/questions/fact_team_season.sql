-- How many goals does each team score and concede per game?
select team_name, games, goals_per_game, goals_against_per_game
from marts.fact_team_season
where game_type = 'All'
order by goals_per_game desc, team_name;

-- Which teams have the larger share of shot attempts?
select team_name, corsi_for, corsi_against, corsi_share
from marts.fact_team_season
where game_type = 'All'
order by corsi_share desc nulls last, team_name;

-- How good are power play and penalty kill?
select team_name, power_play_share, penalty_kill_share
from marts.fact_team_season
where game_type = 'All'
order by power_play_share desc nulls last, team_name;

-- Which teams complete their passes?
select team_name, (passes_completed::numeric / passes)::numeric(4, 3) as share
from marts.fact_team_season
where game_type = 'All'
order by share desc nulls last, team_name;

-- Which teams are penalized the most?
select team_name, penalties, penalty_minutes
from marts.fact_team_season
where game_type = 'All'
order by penalty_minutes desc nulls last, team_name;
