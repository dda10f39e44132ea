-- Which games are left out, and why?
select game_key, played_on, reason
from marts.fact_game_quality
where not is_counted
order by played_on;

-- How far do tracked and official scores agree?
select agrees, count(*)
from marts.fact_game_quality
group by agrees;

-- What differs by period?
select game_key, tracked_home_by_period, official_home_by_period
from marts.fact_game_quality
where not coalesce(agrees_by_period, agrees)
order by game_key;

-- How well are games covered?
select min(coverage), avg(coverage)::numeric(5, 4) as mean
from marts.fact_game_quality;

-- What is odd about them?
select f.key as flag, count(*) as games
from marts.fact_game_quality as q
cross join lateral jsonb_each(q.flags) as f
group by f.key
order by f.key;
