-- How did a team do?
select played_on, opponent_team_key, score_for, score_against, result
from marts.fact_team_game
where team_key = 'granite'
order by played_on;

-- Who shoots most?
select game_key, team_key, shots, shots_on_goal, corsi_share
from marts.fact_team_game
order by shots desc, game_key
limit 5;

-- How good is a power play?
select team_key, sum(power_play_goals) as goals, sum(power_plays) as power_plays
from marts.fact_team_game
group by team_key
order by team_key;

-- Who wins faceoffs?
select team_key, (sum(faceoffs_won)::numeric / sum(faceoffs_won + faceoffs_lost))::numeric(4, 3) as share
from marts.fact_team_game
group by team_key
order by share desc;

-- When are goals scored?
select p.key as period, sum(p.value::integer) as goals
from marts.fact_team_game as g
cross join lateral jsonb_each_text(g.goals_by_period) as p
group by p.key
order by p.key;
