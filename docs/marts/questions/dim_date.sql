-- On which days were games played?
select day, games
from marts.dim_date
where games > 0
order by day;

-- How many games are there in each month?
select year, month, sum(games) as games
from marts.dim_date
group by year, month
order by year, month;

-- On which weekdays are games played? 1 is Monday.
select iso_weekday, sum(games) as games
from marts.dim_date
group by iso_weekday
having sum(games) > 0
order by iso_weekday;

-- How many days is the longest break between two game days?
select max(gap) as days
from (select day - lag(day) over (order by day) as gap from marts.dim_date where games > 0) as g;

-- How many days passed without a game?
select games > 0 as has_game, count(*) as days
from marts.dim_date
group by has_game
order by has_game;
