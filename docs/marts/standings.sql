-- What is the table?
select place, team_key, games, wins, losses, ties, points, goal_difference
from marts.standings
where game_type = 'All'
order by place, team_key;

-- Who is in form?
select team_key, streak, last_five
from marts.standings
where game_type = 'All'
order by team_key;

-- How far is the lead?
select max(points) - min(points) as points
from marts.standings
where game_type = 'All';

-- Who has the best difference?
select team_key, goals_for, goals_against, goal_difference
from marts.standings
where game_type = 'All'
order by goal_difference desc, team_key
limit 1;

-- Points a game?
select team_key, (points / games)::numeric(4, 2) as points_per_game
from marts.standings
where game_type = 'All'
order by points_per_game desc, team_key;
