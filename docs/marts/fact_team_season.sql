-- Who scores most?
select team_key, games, goals_per_game, goals_against_per_game
from marts.fact_team_season
where game_type = 'All'
order by goals_per_game desc, team_key;

-- Who has the puck?
select team_key, corsi_share
from marts.fact_team_season
where game_type = 'All'
order by corsi_share desc;

-- Special teams?
select team_key, power_play_share, penalty_kill_share
from marts.fact_team_season
where game_type = 'All'
order by team_key;

-- Who completes passes?
select team_key, (passes_completed::numeric / passes)::numeric(4, 3) as share
from marts.fact_team_season
where game_type = 'All'
order by share desc;

-- Who takes penalties?
select team_key, penalties, penalty_minutes
from marts.fact_team_season
where game_type = 'All'
order by penalty_minutes desc, team_key;
