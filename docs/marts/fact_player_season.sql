-- Who leads the league?
select s.points_rank, p.person_name, s.games, s.goals, s.assists, s.points
from marts.fact_player_season as s
join marts.dim_person as p using (tenant_id, person_key)
where s.game_type = 'All'
order by s.points_rank, p.person_name
limit 6;

-- Who scores most for the time on the ice?
select person_key, goals, goals_per_60
from marts.fact_player_season
where game_type = 'All' and has_enough_games
order by goals_per_60 desc nulls last, person_key
limit 5;

-- Who shoots best?
select person_key, goals, shots_on_goal, shooting_share
from marts.fact_player_season
where game_type = 'All' and shots_on_goal >= 5
order by shooting_share desc, person_key
limit 5;

-- Who is best at faceoffs?
select person_key, faceoffs_won, faceoff_share
from marts.fact_player_season
where game_type = 'All' and faceoffs_won + faceoffs_lost >= 10
order by faceoff_share desc, person_key
limit 5;

-- Who takes the penalties?
select person_key, penalties, penalty_minutes
from marts.fact_player_season
where game_type = 'All'
order by penalty_minutes desc, person_key
limit 5;
