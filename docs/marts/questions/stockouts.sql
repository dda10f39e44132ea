-- When was an item out of stock?
select i.item_name, s.began_at, s.ended_at, s.lost_orders, s.lost_quantity
from marts.stockouts as s
join marts.dim_item as i using (tenant_id, item_id)
order by s.began_at, i.item_name;

-- Which items are out of stock now?
select i.item_name, s.began_at
from marts.stockouts as s
join marts.dim_item as i using (tenant_id, item_id)
where s.ended_at is null
order by s.began_at, i.item_name;

-- Which stockout lasted the longest?
select i.item_name, s.lasted
from marts.stockouts as s
join marts.dim_item as i using (tenant_id, item_id)
where s.lasted is not null
order by s.lasted desc, i.item_name
limit 1;

-- How many pieces could not be sold?
select i.item_name, sum(s.lost_quantity) as quantity
from marts.stockouts as s
join marts.dim_item as i using (tenant_id, item_id)
group by i.item_name
order by quantity desc, i.item_name;

-- How often is each item out of stock?
select i.item_name, count(*) as times
from marts.stockouts as s
join marts.dim_item as i using (tenant_id, item_id)
group by i.item_name
order by times desc, i.item_name;
