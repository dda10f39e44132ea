-- How does a game change from stint to stint?
select stint_no, period, seconds, strength, home_score, away_score
from marts.fact_stint
where game_key = '1001'
order by stint_no
limit 6;

-- How many seconds are played at which strength?
select strength, sum(seconds) as seconds
from marts.fact_stint
group by strength
order by seconds desc, strength;

-- How many seconds long is a stint?
select percentile_disc(0.5) within group (order by seconds) as median
from marts.fact_stint;

-- For how many seconds does each side lead?
select
    game_key,
    coalesce(sum(seconds) filter (where home_score > away_score), 0) as home,
    coalesce(sum(seconds) filter (where home_score < away_score), 0) as away
from marts.fact_stint
group by game_key
order by game_key;

-- How many stints does a game have?
select game_key, count(*) as stints
from marts.fact_stint
group by game_key
order by stints desc, game_key
limit 3;
