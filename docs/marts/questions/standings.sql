-- What are the standings?
select s.place, s.team_name, s.games, s.wins, s.losses, s.ties, s.points, s.goal_difference
from marts.standings as s
where s.game_type = 'All'
order by s.place, s.team_name;

-- Which teams are in form?
select team_name, streak, last_five
from marts.standings
where game_type = 'All'
order by team_name;

-- How many points is each team behind the leader?
select team_name, points, max(points) over () - points as behind
from marts.standings
where game_type = 'All'
order by behind, team_name;

-- Which team has the best goal difference?
select team_name, goals_for, goals_against, goal_difference
from marts.standings
where game_type = 'All'
order by goal_difference desc, team_name
limit 1;

-- How many points does each team earn per game?
select team_name, (points / games)::numeric(4, 2) as points_per_game
from marts.standings
where game_type = 'All'
order by points_per_game desc, team_name;
