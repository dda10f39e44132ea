-- What was used how often, and what did it cost?
select feature, sum(calls) as calls, sum(tokens) as tokens, sum(cost) as cost
from marts.fact_usage_day
group by feature
order by cost desc, feature;

-- Which feature costs most per call?
select feature, round(sum(cost) / sum(calls), 9) as cost_per_call
from marts.fact_usage_day
group by feature
order by cost_per_call desc, feature;

-- On how many days was each used?
select feature, count(*) as days
from marts.fact_usage_day
group by feature
order by days desc, feature;

-- Which features were used on every day on which anything was?
select feature
from marts.fact_usage_day
group by feature
having count(*) = (select count(distinct used_on) from marts.fact_usage_day)
order by feature;

-- How many tokens does a call take?
select feature, sum(tokens) / sum(calls) as tokens_per_call
from marts.fact_usage_day
group by feature
order by tokens_per_call desc, feature;
