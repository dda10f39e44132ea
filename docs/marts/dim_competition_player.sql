-- Who plays for whom?
select team_key, person_name
from marts.dim_competition_player
order by team_key, person_name;

-- How many play in a cup?
select competition_key, count(*) as players
from marts.dim_competition_player
group by competition_key
order by competition_key;

-- Who plays in most competitions?
select person_name, count(*) as competitions
from marts.dim_competition_player
group by person_name
order by competitions desc, person_name
limit 3;

-- How many play for a team?
select team_key, count(*) as players
from marts.dim_competition_player
group by team_key
order by team_key;

-- Who is whom?
select person_key, person_name
from marts.dim_competition_player
order by person_key
limit 3;
