-- How many shot attempts does a goal need?
select side, count(*) as attempts, count(*) filter (where is_goal) as goals
from marts.fact_shot_attempt
group by side
order by side;

-- How many goals are scored with more and with fewer players?
select
    count(*) filter (where is_power_play) as power_play,
    count(*) filter (where is_short_handed) as short_handed,
    count(*) filter (where not is_power_play and not is_short_handed) as even_strength
from marts.fact_shot_attempt
where is_goal;

-- At which strength are shots attempted?
select s.strength, count(*) as attempts
from marts.fact_shot_attempt as a
join marts.fact_stint as s using (tenant_id, game_key, stint_no)
group by s.strength
order by attempts desc, s.strength;

-- Which period of which game had the most shot attempts?
select game_key, period, count(*) as attempts
from marts.fact_shot_attempt
group by game_key, period
order by attempts desc, game_key, period
limit 3;

-- How many shot attempts of each side count for the attempt share (Corsi)?
select game_key, side, sum(corsi) as corsi
from marts.fact_shot_attempt
group by game_key, side
order by game_key, side
limit 4;
