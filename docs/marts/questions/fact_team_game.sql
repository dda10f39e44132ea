-- How did one team do in each of its games?
select played_on, opponent_team_key, score_for, score_against, result
from marts.fact_team_game
where team_key = 'copper pots'
order by played_on;

-- In which games did a team shoot the most?
select game_key, team_key, shots, shots_on_goal, corsi_share
from marts.fact_team_game
order by shots desc nulls last, game_key, team_key
limit 5;

-- How many goals does each team score on power plays?
select team_key, sum(power_play_goals) as goals, sum(power_plays) as power_plays
from marts.fact_team_game
group by team_key
order by goals desc, team_key;

-- How do home teams and away teams compare?
select side, count(*) filter (where result = 'W') as wins, sum(goals) as goals, sum(shots_on_goal) as shots_on_goal
from marts.fact_team_game
where is_counted
group by side
order by side;

-- In which period are goals scored?
select p.key as period, sum(p.value::integer) as goals
from marts.fact_team_game as g
cross join lateral jsonb_each_text(g.goals_by_period) as p
group by p.key
order by p.key;
