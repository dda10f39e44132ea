-- Who was on the ice when a game began?
select side, player_key, person_key, is_goalie
from marts.fact_player_stint
where game_key = '1001' and stint_no = 0
order by side, player_key;

-- How long is a shift?
select (sum(seconds) / count(*) filter (where is_new_shift))::integer as seconds
from marts.fact_player_stint
where not is_goalie;

-- Who had the longest shift in one stint?
select person_key, seconds
from marts.fact_player_stint
where not is_goalie
order by seconds desc, person_key
limit 3;

-- How many people does a side have on the ice?
select players, count(*) as stints
from (select count(*) as players from marts.fact_player_stint group by game_key, stint_no, side) as s
group by players
order by players;

-- How much of the time is play stopped?
select (1 - sum(net_seconds) / sum(seconds))::numeric(4, 3) as share
from marts.fact_player_stint;
