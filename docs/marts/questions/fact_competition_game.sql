-- How did one team do in a cup?
select round, opponent_team_key, score_for, score_against, result
from marts.fact_competition_game
where competition_key = 'cup' and team_key = 'copper pots'
order by round;

-- Which results were amended?
select game_key, team_key, score_for, score_against, amendments
from marts.fact_competition_game
where amendments > 0
order by game_key, team_key;

-- Which fixtures were the closest?
select game_key, team_key, opponent_team_key, score_for, score_against
from marts.fact_competition_game
where result in ('W', 'T')
order by score_for - score_against, game_key, team_key
limit 3;

-- How high are the scores in each round?
select round, sum(score_for) as score
from marts.fact_competition_game
group by round
order by round;

-- How many points were awarded in each competition?
select competition_name, sum(points) as points
from marts.fact_competition_game
group by competition_name
order by competition_name;
