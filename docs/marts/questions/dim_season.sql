-- Which seasons are there?
select season_key, season_name, starts_on, ends_on
from marts.dim_season
order by starts_on;

-- How many days long is each season?
select season_name, ends_on - starts_on + 1 as days
from marts.dim_season
order by season_name;

-- How many games does each season have, and how many of them count?
select s.season_name, count(*) as games, count(*) filter (where g.is_counted) as counted
from marts.dim_season as s
join marts.dim_game as g using (tenant_id, season_key)
group by s.season_name
order by s.season_name;

-- To which season does a day belong?
select season_name
from marts.dim_season
where date '2026-01-20' between starts_on and ends_on;

-- How many goals per game are scored in each season?
select s.season_name, avg(g.home_score + g.away_score)::numeric(4, 2) as goals_per_game
from marts.dim_season as s
join marts.dim_game as g using (tenant_id, season_key)
where g.is_counted
group by s.season_name
order by s.season_name;
