-- Who has the most points?
select s.points_rank, s.person_name, s.games, s.goals, s.assists, s.points
from marts.fact_player_season as s
where s.game_type = 'All'
order by s.points_rank, s.person_name
limit 6;

-- Who scores most for the time on the ice?
select s.person_name, s.goals, s.goals_per_60
from marts.fact_player_season as s
where s.game_type = 'All' and s.has_enough_games
order by s.goals_per_60 desc nulls last, s.person_name
limit 5;

-- Who turns the most shots on goal into goals?
select s.person_name, s.goals, s.shots_on_goal, s.shooting_share
from marts.fact_player_season as s
where s.game_type = 'All' and s.shots_on_goal >= 5
order by s.shooting_share desc nulls last, s.person_name
limit 5;

-- Who wins the most faceoffs?
select s.person_name, s.faceoffs_won, s.faceoff_share
from marts.fact_player_season as s
where s.game_type = 'All' and s.faceoffs_won + s.faceoffs_lost >= 10
order by s.faceoff_share desc nulls last, s.person_name
limit 5;

-- Who is penalized the most?
select s.person_name, s.penalties, s.penalty_minutes
from marts.fact_player_season as s
where s.game_type = 'All'
order by s.penalty_minutes desc nulls last, s.person_name
limit 5;
