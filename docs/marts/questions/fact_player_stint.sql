-- Who was on the ice when a game began?
select s.side, s.player_key, p.person_name, s.is_goalie
from marts.fact_player_stint as s
join marts.dim_person as p using (tenant_id, person_key)
where s.game_key = '1001' and s.stint_no = 0
order by s.side, s.player_key;

-- How many seconds long is a shift?
select (sum(seconds) / count(*) filter (where is_new_shift))::integer as seconds
from marts.fact_player_stint
where not is_goalie;

-- Who stayed on the ice the longest without a player change?
select game_key, person_key, seconds
from marts.fact_player_stint
where not is_goalie
order by seconds desc, game_key, person_key
limit 3;

-- How many players does a side have on the ice?
select players, count(*) as stints
from (select count(*) as players from marts.fact_player_stint group by game_key, stint_no, side) as s
group by players
order by players;

-- For which share of the time is play stopped?
select (1 - sum(net_seconds) / sum(seconds))::numeric(4, 3) as share
from marts.fact_player_stint;
