-- What does a stockout cost each day?
select s.day, i.item_name, s.refused, s.refused_quantity
from marts.fact_stockout_day as s
join marts.dim_item as i on i.tenant_id = s.tenant_id and i.item_id = s.item_id
order by s.day, i.item_name;

-- On which day was most refused?
select day, sum(refused_quantity) as quantity
from marts.fact_stockout_day
group by day
order by quantity desc, day
limit 1;

-- When did something come again?
select i.item_name, s.ended_at
from marts.fact_stockout_day as s
join marts.dim_item as i on i.tenant_id = s.tenant_id and i.item_id = s.item_id
where s.ended_at is not null
order by s.ended_at;

-- What ran out on which day?
select s.day, i.item_name
from marts.fact_stockout_day as s
join marts.dim_item as i on i.tenant_id = s.tenant_id and i.item_id = s.item_id
where (s.began_at at time zone 'UTC')::date = s.day
order by s.day, i.item_name;

-- How much revenue was lost, at today's price?
select sum(s.refused_quantity * i.price) as revenue
from marts.fact_stockout_day as s
join marts.dim_item as i on i.tenant_id = s.tenant_id and i.item_id = s.item_id;
