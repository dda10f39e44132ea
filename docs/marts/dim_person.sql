-- Who plays for a team?
select person_name, position, latest_jersey
from marts.dim_person
where latest_team_key = 'granite'
order by position, person_name;

-- How many people are known, and how many by their jersey alone?
select is_known, count(*)
from marts.dim_person
group by is_known;

-- Who wore more than one jersey?
select person_name, jerseys
from marts.dim_person
where cardinality(jerseys) > 1
order by person_name;

-- Who plays where?
select position, count(*)
from marts.dim_person
group by position
order by position;

-- Who was there on the last day?
select person_name, latest_team_key
from marts.dim_person
where last_played_on = (select max(played_on) from marts.dim_game)
order by person_name;
