-- How large is each tenant?
select tenant_name, members, documents, datasets
from marts.tenant_stats_mart
order by tenant_name;

-- How much did each tenant use?
select tenant_name, calls, tokens, cost
from marts.tenant_stats_mart
order by cost desc, tenant_name;

-- How many tenants of each kind are there?
select tenant_kind, count(*) as tenants
from marts.tenant_stats_mart
group by tenant_kind
order by tenant_kind;

-- How much does each tenant cost per member?
select tenant_name, round(cost / nullif(members, 0), 6) as cost_per_member
from marts.tenant_stats_mart
order by tenant_name;

-- How much did each tenant use in the current month?
select tenant_name, month, month_cost
from marts.tenant_stats_mart
order by month_cost desc, tenant_name;
