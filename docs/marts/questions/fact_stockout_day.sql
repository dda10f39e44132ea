-- How many orders does a stockout cost each day?
select s.day, i.item_name, s.refused, s.refused_quantity
from marts.fact_stockout_day as s
join marts.dim_item as i using (tenant_id, item_id)
order by s.day, i.item_name;

-- On which day was the most refused?
select day, sum(refused_quantity) as quantity
from marts.fact_stockout_day
group by day
order by quantity desc, day
limit 1;

-- When was an item back in stock?
select i.item_name, s.ended_at
from marts.fact_stockout_day as s
join marts.dim_item as i using (tenant_id, item_id)
where s.ended_at is not null
order by s.ended_at, i.item_name;

-- Which items went out of stock on which day?
select s.day, i.item_name
from marts.fact_stockout_day as s
join marts.dim_item as i using (tenant_id, item_id)
where (s.began_at at time zone 'UTC')::date = s.day
order by s.day, i.item_name;

-- How much revenue was lost, at the current price?
select sum(s.refused_quantity * i.price) as revenue
from marts.fact_stockout_day as s
join marts.dim_item as i using (tenant_id, item_id);
