-- Which games were played, and how did they end?
select played_on, home_team_key, home_score, away_score, away_team_key
from marts.dim_game
order by played_on, game_key;

-- Which games do not count?
select game_key, played_on, status
from marts.dim_game
where not is_counted
order by played_on, game_key;

-- How many games are there of each type and status?
select game_type, status, count(*) as games
from marts.dim_game
group by game_type, status
order by games desc, game_type, status;

-- How often does the home team win?
select avg((home_score > away_score)::integer)::numeric(4, 3) as share
from marts.dim_game
where is_counted;

-- Which games had the most goals?
select game_key, home_team_key, away_team_key, home_score + away_score as goals
from marts.dim_game
where is_counted
order by goals desc, game_key
limit 3;
