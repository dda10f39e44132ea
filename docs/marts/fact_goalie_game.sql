-- Who was in net, and how well?
select game_key, person_name, shots_against, saves, save_share, decision
from marts.fact_goalie_game
order by game_key, side
limit 6;

-- Who had a shutout?
select game_key, person_name
from marts.fact_goalie_game
where is_shutout
order by game_key;

-- How many saves in each period?
select s.key as period, sum(s.value::integer) as saves
from marts.fact_goalie_game as g
cross join lateral jsonb_each_text(g.saves_by_period) as s
group by s.key
order by s.key;

-- Which game was the hardest?
select game_key, person_name, shots_against
from marts.fact_goalie_game
order by shots_against desc, person_name
limit 3;

-- How many goals against an empty net?
select sum(empty_net_goals_against) as goals
from marts.fact_goalie_game;
