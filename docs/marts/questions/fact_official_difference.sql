-- Which official figures differ from the marts?
select game_key, scope, side, player_key, name, official_value, counted_value
from marts.fact_official_difference
order by game_key, name, scope, side, player_key, period;

-- Which players differ in goals?
select game_key, side, player_key, official_value, counted_value
from marts.fact_official_difference
where scope = 'player' and name = 'goals'
order by game_key, side, player_key;

-- Which official figures have no value in the marts?
select game_key, scope, name, count(*) as figures
from marts.fact_official_difference
where counted_value is null
group by game_key, scope, name
order by game_key, scope, name;

-- By how many seconds does the ice time differ?
select game_key, side, player_key, counted_value::integer - official_value::integer as seconds
from marts.fact_official_difference
where scope = 'player' and name = 'seconds' and counted_value is not null
order by abs(counted_value::integer - official_value::integer) desc, game_key, player_key;

-- Which games differ in the goals of a period?
select distinct game_key
from marts.fact_official_difference
where scope = 'period'
order by game_key;
