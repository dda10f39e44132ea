-- Who was in net in each game, and with what result?
select game_key, person_name, shots_against, saves, save_share, decision
from marts.fact_goalie_game
order by game_key, side
limit 6;

-- In which games was there a shutout?
select game_key, person_name, saves
from marts.fact_goalie_game
where is_shutout
order by game_key;

-- How many shots do goalies save in each period?
select s.key as period, sum(s.value::integer) as saves
from marts.fact_goalie_game as g
cross join lateral jsonb_each_text(g.saves_by_period) as s
group by s.key
order by s.key;

-- Which goalies faced the most shots in a game?
select game_key, person_name, shots_against
from marts.fact_goalie_game
order by shots_against desc nulls last, game_key, person_name
limit 3;

-- How many goals do goalies concede at home and away?
select side, sum(goals_against) as goals_against, (sum(saves)::numeric / sum(shots_against))::numeric(4, 3) as save_share
from marts.fact_goalie_game
group by side
order by side;
