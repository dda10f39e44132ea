-- Who plays for a team?
select person_name, position, latest_jersey
from marts.dim_person
where latest_team_key = 'copper pots'
order by position, person_name;

-- How many people have an id in the source, and how many only a jersey number?
select is_known, count(*) as people
from marts.dim_person
group by is_known
order by is_known;

-- Which jersey numbers did each goalie wear?
select person_name, latest_team_key, jerseys
from marts.dim_person
where position = 'G'
order by person_name;

-- How many people play in each position?
select position, count(*) as people
from marts.dim_person
group by position
order by position;

-- Who played on the last day of the season?
select person_name, latest_team_key
from marts.dim_person
where last_played_on = (select max(played_on) from marts.dim_game)
order by person_name;
