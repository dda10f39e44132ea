-- Who has the most first assists?
select p.person_name, count(*) as first_assists
from marts.fact_assist as a
join marts.dim_person as p using (tenant_id, person_key)
where a.is_primary
group by p.person_key, p.person_name
order by first_assists desc, p.person_name
limit 5;

-- Which players set each other up?
select scorer.person_name as scorer, helper.person_name as assist, count(*) as goals
from marts.fact_assist as a
join marts.fact_event as g
    on g.tenant_id = a.tenant_id and g.game_key = a.game_key and g.event_no = a.goal_event_no
join marts.dim_person as scorer on scorer.tenant_id = g.tenant_id and scorer.person_key = g.person_key
join marts.dim_person as helper on helper.tenant_id = a.tenant_id and helper.person_key = a.person_key
group by scorer.person_key, scorer.person_name, helper.person_key, helper.person_name
order by goals desc, scorer, assist
limit 5;

-- How many assists does a goal have?
select assists, count(*) as goals
from (
    select count(a.person_key) as assists
    from marts.fact_event as g
    left join marts.fact_assist as a
        on a.tenant_id = g.tenant_id and a.game_key = g.game_key and a.goal_event_no = g.event_no
    where g.is_goal
    group by g.game_key, g.event_no
) as goal
group by assists
order by assists;

-- Which assists are linked to their goal by the tracker, and which were found by time?
select is_linked, count(*) as assists
from marts.fact_assist
group by is_linked
order by is_linked;

-- In which games are there the most assists?
select game_key, count(*) as assists
from marts.fact_assist
group by game_key
order by assists desc, game_key
limit 5;
