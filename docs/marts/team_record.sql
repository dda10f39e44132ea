-- Which team won most?
select team_key, wins, games
from marts.team_record
order by wins desc, team_key;

-- Which has the best share?
select team_key, win_share
from marts.team_record
order by win_share desc, team_key;

-- Which was the clearest win?
select team_key, best_difference
from marts.team_record
order by best_difference desc, team_key
limit 1;

-- Who scores more than they concede?
select team_key, score_for, score_against
from marts.team_record
where score_for > score_against
order by team_key;

-- Who drew?
select team_key, ties
from marts.team_record
where ties > 0
order by team_key;
