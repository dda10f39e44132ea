-- How often was each feature used, and for how much?
select feature, sum(calls) as calls, sum(tokens) as tokens, sum(cost) as cost
from marts.fact_usage_day
group by feature
order by cost desc, feature;

-- Which feature costs the most per call?
select feature, round(sum(cost) / sum(calls), 6) as cost_per_call
from marts.fact_usage_day
group by feature
order by cost_per_call desc, feature;

-- What was used on which day?
select used_on, feature, calls, cost
from marts.fact_usage_day
order by used_on, feature;

-- On how many days was each feature used?
select feature, count(*) as days
from marts.fact_usage_day
group by feature
order by days desc, feature;

-- How many tokens does a call need?
select feature, round(sum(tokens)::numeric / sum(calls), 1) as tokens_per_call
from marts.fact_usage_day
group by feature
order by tokens_per_call desc, feature;
