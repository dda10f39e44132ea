-- What was sold on each day?
select p.day, i.item_name, p.quantity, p.revenue
from marts.fact_purchase_day as p
join marts.dim_item as i using (tenant_id, item_id)
order by p.day, i.item_name;

-- Which items bring in the most?
select i.item_name, sum(p.revenue) as revenue
from marts.fact_purchase_day as p
join marts.dim_item as i using (tenant_id, item_id)
group by i.item_name
order by revenue desc, i.item_name;

-- How many orders are refused?
select sum(refused) as refused, (sum(refused)::numeric / sum(orders))::numeric(4, 3) as share
from marts.fact_purchase_day;

-- What was delivered?
select p.day, i.item_name, p.received
from marts.fact_purchase_day as p
join marts.dim_item as i using (tenant_id, item_id)
where p.received > 0
order by p.day, i.item_name;

-- How much was in stock at the end of each day?
select p.day, i.item_name, p.available
from marts.fact_purchase_day as p
join marts.dim_item as i using (tenant_id, item_id)
order by i.item_name, p.day;
