-- How often does an attempt score, by its distance?
select
    case when distance < 15 then 'below 15 feet' when distance < 35 then '15 to 35 feet' else 'from 35 feet' end as place,
    count(*) as attempts,
    count(*) filter (where is_goal) as goals,
    round(sum(xg), 2) as xg
from marts.fact_shot
where xg is not null
group by place
order by place;

-- Do the goals of each side equal its expected goals?
select side, count(*) filter (where is_goal) as goals, round(sum(xg), 2) as xg
from marts.fact_shot
where xg is not null
group by side
order by side;

-- Where do the goals come from, and which attempt was the best?
select game_key, side, period, x, y, shot_type, outcome, xg
from marts.fact_shot
where xg is not null
order by xg desc, game_key, event_no
limit 3;

-- Who has more goals than expected?
select p.person_name, count(*) as attempts, count(*) filter (where s.is_goal) as goals, round(sum(s.xg), 2) as xg
from marts.fact_shot as s
join marts.dim_person as p using (tenant_id, person_key)
where s.xg is not null
group by p.person_name
order by count(*) filter (where s.is_goal) - sum(s.xg) desc, p.person_name
limit 3;

-- How many attempts of high danger does each goalie face?
select p.person_name, count(*) as attempts, count(*) filter (where s.is_high_danger) as high_danger
from marts.fact_shot as s
join marts.dim_person as p on p.tenant_id = s.tenant_id and p.person_key = s.goalie_person_key
group by p.person_name
order by high_danger desc, p.person_name
limit 3;
