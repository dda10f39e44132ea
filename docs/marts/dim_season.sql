-- Which seasons are there?
select season_key, season_name, starts_on, ends_on
from marts.dim_season
order by starts_on;

-- How many days has a season?
select season_name, ends_on - starts_on + 1 as days
from marts.dim_season;

-- How many games has it?
select s.season_name, count(*) as games
from marts.dim_season as s
join marts.dim_game as g using (tenant_id, season_key)
group by s.season_name;

-- Which season is a day in?
select season_name
from marts.dim_season
where date '2026-01-20' between starts_on and ends_on;

-- How many of its games count?
select s.season_name, count(*) filter (where g.is_counted) as counted
from marts.dim_season as s
join marts.dim_game as g using (tenant_id, season_key)
group by s.season_name;
