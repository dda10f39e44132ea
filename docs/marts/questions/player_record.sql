-- Who won the most fixtures?
select person_name, wins, games
from marts.player_record
order by wins desc, person_name
limit 3;

-- Who won the largest share of fixtures?
select person_name, win_share
from marts.player_record
order by win_share desc, person_name
limit 3;

-- For how many teams did each person play?
select person_name, teams, competitions
from marts.player_record
order by teams desc, person_name;

-- Who played the most fixtures?
select person_name, games, competitions
from marts.player_record
order by games desc, person_name
limit 3;

-- Who never won?
select person_name, games
from marts.player_record
where wins = 0
order by person_name;
