-- Which teams won the most fixtures?
select team_key, wins, ties, losses, games
from marts.team_record
order by wins desc, team_key;

-- Which teams won the largest share of their fixtures?
select team_key, win_share
from marts.team_record
order by win_share desc, team_key;

-- Which team has the clearest win?
select team_key, best_difference
from marts.team_record
order by best_difference desc nulls last, team_key
limit 1;

-- Which teams score more than they concede?
select team_key, score_for, score_against
from marts.team_record
where score_for > score_against
order by team_key;

-- In how many competitions did each team play?
select team_key, competitions, games
from marts.team_record
order by competitions desc, games desc, team_key;
