-- How much does each month cost?
select month, sum(calls) as calls, sum(cost) as cost
from marts.usage_month
group by month
order by month;

-- How much does each feature cost in the latest month?
select feature, calls, cost
from marts.usage_month
where month = (select max(month) from marts.usage_month)
order by cost desc, feature;

-- Which features are used more than in the month before?
select feature, month, calls, lag(calls) over (partition by feature order by month) as calls_before
from marts.usage_month
order by feature, month;

-- Which share of the cost belongs to each feature?
select feature, round(sum(cost) / sum(sum(cost)) over (), 4) as share
from marts.usage_month
group by feature
order by share desc, feature;

-- How much does a day cost on which a feature is used?
select feature, round(sum(cost) / sum(days), 6) as cost_per_day
from marts.usage_month
group by feature
order by cost_per_day desc, feature;
