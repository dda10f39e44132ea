-- When was there nothing to sell?
select i.item_name, s.began_at, s.ended_at, s.lost_orders, s.lost_quantity
from marts.stockouts as s
join marts.dim_item as i on i.tenant_id = s.tenant_id and i.item_id = s.item_id
order by s.began_at;

-- What has run out and not come again?
select i.item_name, s.began_at
from marts.stockouts as s
join marts.dim_item as i on i.tenant_id = s.tenant_id and i.item_id = s.item_id
where s.ended_at is null
order by s.began_at;

-- Which took longest?
select i.item_name, s.lasted
from marts.stockouts as s
join marts.dim_item as i on i.tenant_id = s.tenant_id and i.item_id = s.item_id
where s.lasted is not null
order by s.lasted desc
limit 1;

-- What was lost, by item?
select i.item_name, sum(s.lost_quantity) as quantity
from marts.stockouts as s
join marts.dim_item as i on i.tenant_id = s.tenant_id and i.item_id = s.item_id
group by i.item_name
order by quantity desc, i.item_name;

-- How often does something run out?
select i.item_name, count(*) as times
from marts.stockouts as s
join marts.dim_item as i on i.tenant_id = s.tenant_id and i.item_id = s.item_id
group by i.item_name
order by times desc, i.item_name;
