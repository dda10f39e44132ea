-- How fast does it sell, and how long does it last?
select i.item_name, v.as_of, v.available, v.per_day_7, v.days_left_7
from marts.item_velocity as v
join marts.dim_item as i on i.tenant_id = v.tenant_id and i.item_id = v.item_id
order by i.item_name;

-- What has to be ordered this week?
select i.item_name, v.days_left_7
from marts.item_velocity as v
join marts.dim_item as i on i.tenant_id = v.tenant_id and i.item_id = v.item_id
where v.days_left_7 < 7
order by v.days_left_7;

-- What sells faster than it did?
select i.item_name, v.per_day_7, v.per_day_28
from marts.item_velocity as v
join marts.dim_item as i on i.tenant_id = v.tenant_id and i.item_id = v.item_id
where v.per_day_7 > v.per_day_28
order by i.item_name;

-- What does not sell at all?
select i.item_name, v.available
from marts.item_velocity as v
join marts.dim_item as i on i.tenant_id = v.tenant_id and i.item_id = v.item_id
where v.quantity_28 = 0 and v.available > 0
order by i.item_name;

-- What is the stock worth?
select sum(v.available * i.price) as worth
from marts.item_velocity as v
join marts.dim_item as i on i.tenant_id = v.tenant_id and i.item_id = v.item_id;
