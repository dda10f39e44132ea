-- What was sold each day?
select p.day, i.item_name, p.quantity, p.revenue
from marts.fact_purchase_day as p
join marts.dim_item as i on i.tenant_id = p.tenant_id and i.item_id = p.item_id
order by p.day, i.item_name;

-- What brings in most?
select i.item_name, sum(p.revenue) as revenue
from marts.fact_purchase_day as p
join marts.dim_item as i on i.tenant_id = p.tenant_id and i.item_id = p.item_id
group by i.item_name
order by revenue desc;

-- How many orders are refused?
select sum(refused) as refused, (sum(refused)::numeric / sum(orders))::numeric(4, 3) as share
from marts.fact_purchase_day;

-- What came in?
select p.day, i.item_name, p.received
from marts.fact_purchase_day as p
join marts.dim_item as i on i.tenant_id = p.tenant_id and i.item_id = p.item_id
where p.received > 0
order by p.day, i.item_name;

-- How much was left in the evening?
select p.day, i.item_name, p.available
from marts.fact_purchase_day as p
join marts.dim_item as i on i.tenant_id = p.tenant_id and i.item_id = p.item_id
order by i.item_name, p.day;
