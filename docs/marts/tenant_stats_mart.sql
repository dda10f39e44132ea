-- How big is each tenant?
select tenant_name, members, documents, datasets
from marts.tenant_stats_mart
order by tenant_name;

-- What did each use?
select tenant_name, calls, tokens, cost
from marts.tenant_stats_mart
order by cost desc, tenant_name;

-- How many tenants of each kind are there?
select tenant_kind, count(*) as tenants
from marts.tenant_stats_mart
group by tenant_kind
order by tenant_kind;

-- What does a member cost?
select tenant_name, round(cost / nullif(members, 0), 9) as cost_per_member
from marts.tenant_stats_mart
order by tenant_name;

-- Who was never heard of?
select tenant_name
from marts.tenant_stats_mart
where last_activity_at is null
order by tenant_name;
