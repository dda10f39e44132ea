-- What was played, and how did it end?
select played_on, home_team_key, home_score, away_score, away_team_key
from marts.dim_game
order by played_on;

-- Which games do not count?
select game_key, played_on, status
from marts.dim_game
where not is_counted;

-- What is still to be played?
select played_on, home_team_key, away_team_key
from marts.dim_game
where status = 'scheduled'
order by played_on;

-- How often does the home team win?
select avg((home_score > away_score)::integer)::numeric(4, 3) as share
from marts.dim_game
where is_counted;

-- Which games had most goals?
select game_key, home_score + away_score as goals
from marts.dim_game
where is_counted
order by goals desc, game_key
limit 3;
