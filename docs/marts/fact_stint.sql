-- How does a game change?
select stint_no, period, seconds, strength, home_score, away_score
from marts.fact_stint
where game_key = '1001'
order by stint_no
limit 6;

-- How long is played at which strength?
select strength, sum(seconds) as seconds
from marts.fact_stint
group by strength
order by seconds desc;

-- How long is a stint?
select percentile_disc(0.5) within group (order by seconds) as median
from marts.fact_stint;

-- How long does a team lead?
select game_key, sum(seconds) filter (where home_score > away_score) as home, sum(seconds) filter (where home_score < away_score) as away
from marts.fact_stint
group by game_key
order by game_key;

-- How long is a net empty?
select coalesce(sum(seconds), 0) as seconds
from marts.fact_stint
where home_goalie_key is null or away_goalie_key is null;
