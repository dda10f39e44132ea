-- Which days have games?
select day, games
from marts.dim_date
where games > 0
order by day;

-- How many games a month?
select year, month, sum(games) as games
from marts.dim_date
group by year, month
order by year, month;

-- On which weekdays is played? 1 is Monday.
select iso_weekday, sum(games) as games
from marts.dim_date
group by iso_weekday having sum(games) > 0;

-- How long is the longest break?
select max(gap) as days
from (select day - lag(day) over (order by day) as gap from marts.dim_date where games > 0) as g;

-- In which weeks was nothing played?
select iso_week
from marts.dim_date
group by iso_week having sum(games) = 0
order by iso_week;
