-- How many official figures do the marts equal?
select sum(cells) as figures, sum(equal_cells) as equal
from marts.fact_official_agreement;

-- In which columns do figures differ most often?
select scope, name, sum(cells) as figures, sum(cells - equal_cells) as differ
from marts.fact_official_agreement
group by scope, name
having sum(cells - equal_cells) > 0
order by differ desc, scope, name;

-- Which games have official figures, and how many of them are equal?
select game_key, sum(cells) as figures, sum(equal_cells) as equal
from marts.fact_official_agreement
group by game_key
order by game_key;

-- In which games does the ice time of every player equal the official one?
select game_key
from marts.fact_official_agreement
where scope = 'player' and name = 'seconds' and equal_cells = cells
order by game_key;

-- Which share of the official figures is equal in each season?
select season_key, (sum(equal_cells)::numeric / sum(cells))::numeric(5, 4) as share
from marts.fact_official_agreement
group by season_key
order by season_key;
