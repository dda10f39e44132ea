-- Which teams are there?
select team_key, team_name
from marts.dim_team
order by team_name;

-- How many games did each team play?
select t.team_name, count(*) as games
from marts.dim_team as t
join marts.fact_team_game as g using (tenant_id, team_key)
group by t.team_name
order by games desc, t.team_name;

-- How many people belong to each team?
select t.team_name, count(*) as people
from marts.dim_team as t
join marts.dim_person as p on p.tenant_id = t.tenant_id and p.latest_team_key = t.team_key
group by t.team_name
order by people desc, t.team_name;

-- Which teams played each other on a day?
select h.team_name as home, a.team_name as away
from marts.dim_game as g
join marts.dim_team as h on h.tenant_id = g.tenant_id and h.team_key = g.home_team_key
join marts.dim_team as a on a.tenant_id = g.tenant_id and a.team_key = g.away_team_key
where g.played_on = '2026-01-16';

-- How many goals did each team score?
select t.team_name, sum(g.goals) as goals
from marts.dim_team as t
join marts.fact_team_game as g using (tenant_id, team_key)
group by t.team_name
order by goals desc, t.team_name;
