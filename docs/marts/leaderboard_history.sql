-- How did the table end?
select place, team_key, points, score_for, score_against
from marts.leaderboard_history as h
where as_of = (select max(as_of) from marts.leaderboard_history as l where l.competition_key = h.competition_key)
order by place, team_key;

-- On how many days was something decided?
select competition_key, count(distinct as_of) as days
from marts.leaderboard_history
group by competition_key
order by competition_key;

-- Who was first, and how often?
select team_key, count(*) as days
from marts.leaderboard_history
where place = 1
group by team_key
order by days desc, team_key;

-- Who shared a place?
select place, array_agg(team_key order by team_key) as teams
from marts.leaderboard_history
group by competition_key, as_of, place
having count(*) > 1
order by place;

-- Who has the best difference?
select team_key, max(score_for - score_against) as difference
from marts.leaderboard_history
group by team_key
order by difference desc, team_key
limit 3;
