-- How did a game go?
select period, remaining_s, team_key, home_score, away_score
from marts.fact_event
where game_key = '1001' and is_goal
order by elapsed_s;

-- What happens how often?
select type, count(*)
from marts.fact_event
group by type
order by count(*) desc, type;

-- Who shot most?
select person_key, count(*) as shots
from marts.fact_event
where is_shot
group by person_key
order by shots desc, person_key
limit 5;

-- How many goals fall in the first minute of a period?
select count(*)
from marts.fact_event
where is_goal and remaining_s >= 1020;

-- How many shots on goal does a goal take, by period?
select period, count(*) filter (where is_on_goal) as on_goal, count(*) filter (where is_goal) as goals
from marts.fact_event
where is_shot or is_goal
group by period
order by period;
