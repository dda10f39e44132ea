-- Which teams won the most fixtures?
select team_name, wins, ties, losses, games
from marts.team_record
order by wins desc, team_name;

-- Which teams won the largest share of their fixtures?
select team_name, win_share
from marts.team_record
order by win_share desc, team_name;

-- Which team has the clearest win?
select team_name, best_difference
from marts.team_record
order by best_difference desc nulls last, team_name
limit 1;

-- Which teams score more than they concede?
select team_name, score_for, score_against
from marts.team_record
where score_for > score_against
order by team_name;

-- In how many competitions did each team play?
select team_name, competitions, games
from marts.team_record
order by competitions desc, games desc, team_name;
