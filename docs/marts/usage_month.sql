-- What did the latest month cost?
select feature, calls, cost
from marts.usage_month
where month = (select max(month) from marts.usage_month)
order by cost desc, feature;

-- How many months are there?
select count(distinct month) as months
from marts.usage_month;

-- Which feature grew most beside the month before?
select feature, calls - lag(calls) over (partition by feature order by month) as more_calls
from marts.usage_month
order by more_calls desc nulls last, feature
limit 1;

-- How much of the cost is each feature's?
select feature, round(sum(cost) / sum(sum(cost)) over (), 4) as share
from marts.usage_month
group by feature
order by share desc, feature;

-- What does a day of use cost?
select feature, round(sum(cost) / sum(days), 9) as cost_per_day
from marts.usage_month
group by feature
order by cost_per_day desc, feature;
