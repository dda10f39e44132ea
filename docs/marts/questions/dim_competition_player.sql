-- Who plays for which team?
select team_key, person_name
from marts.dim_competition_player
order by team_key, person_name;

-- How many people play in each competition?
select competition_key, count(*) as players
from marts.dim_competition_player
group by competition_key
order by competition_key;

-- Who plays in the most competitions?
select person_name, count(*) as competitions
from marts.dim_competition_player
group by person_name
order by competitions desc, person_name
limit 3;

-- How many people play for each team?
select team_key, count(*) as players
from marts.dim_competition_player
group by team_key
order by team_key;

-- Which key belongs to which person?
select person_key, person_name
from marts.dim_competition_player
order by person_key
limit 3;
