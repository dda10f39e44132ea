-- Who won most?
select person_name, wins, games
from marts.player_record
order by wins desc, person_name
limit 3;

-- Who has the best share?
select person_name, win_share
from marts.player_record
order by win_share desc, person_name
limit 3;

-- Who played for several teams?
select person_name, teams
from marts.player_record
where teams > 1
order by person_name;

-- Who played most?
select person_name, games, competitions
from marts.player_record
order by games desc, person_name
limit 3;

-- Who never won?
select person_name, games
from marts.player_record
where wins = 0
order by person_name;
