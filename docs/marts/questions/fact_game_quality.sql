-- Which games do not count, and for which reason?
select game_key, played_on, reason
from marts.fact_game_quality
where not is_counted
order by played_on, game_key;

-- In how many games do tracked and official score agree?
select agrees, count(*) as games
from marts.fact_game_quality
group by agrees
order by agrees;

-- Which scores differ?
select game_key, tracked_home, tracked_away, official_home, official_away
from marts.fact_game_quality
where not agrees
order by game_key;

-- For which share of the time are the line-ups known?
select min(coverage) as least, avg(coverage)::numeric(5, 4) as mean
from marts.fact_game_quality;

-- Which remarks are there about games?
select f.key as remark, count(*) as games
from marts.fact_game_quality as q
cross join lateral jsonb_each(q.flags) as f
group by f.key
order by f.key;
