-- When were the goals of a game scored?
select period, remaining_s, team_key, home_score, away_score
from marts.fact_event
where game_key = '1001' and is_goal
order by elapsed_s;

-- Which types of event are tracked, and how often?
select type, count(*) as events
from marts.fact_event
group by type
order by events desc, type;

-- Who shot the most?
select p.person_name, count(*) as shots
from marts.fact_event as e
join marts.dim_person as p using (tenant_id, person_key)
where e.is_shot
group by p.person_key, p.person_name
order by shots desc, p.person_name
limit 5;

-- How many goals are scored in the first minute of a period?
select period, count(*) as goals
from marts.fact_event
where is_goal and remaining_s >= 1020
group by period
order by period;

-- How many shots on goal and goals are there in each period?
select period, count(*) filter (where is_on_goal) as on_goal, count(*) filter (where is_goal) as goals
from marts.fact_event
where is_shot or is_goal
group by period
order by period;
