-- What were the final standings of each competition?
select competition_key, place, team_name, points, score_for, score_against
from marts.leaderboard_history as h
where as_of = (select max(as_of) from marts.leaderboard_history as l where l.competition_key = h.competition_key)
order by competition_key, place, team_name;

-- On how many days did the standings change?
select competition_key, count(distinct as_of) as days
from marts.leaderboard_history
group by competition_key
order by competition_key;

-- Which teams were in first place, and on how many days?
select team_name, count(*) as days
from marts.leaderboard_history
where place = 1
group by team_name
order by days desc, team_name;

-- How many points was each team behind the leader?
select as_of, team_name, max(points) over (partition by competition_key, as_of) - points as behind
from marts.leaderboard_history
order by as_of, behind, team_name;

-- Which teams have the best score difference?
select team_name, max(score_for - score_against) as difference
from marts.leaderboard_history
group by team_name
order by difference desc, team_name
limit 3;
