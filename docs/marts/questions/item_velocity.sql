-- How fast does each item sell, and for how many days will it last?
select i.item_name, v.as_of, v.available, v.per_day_7, v.days_left_7
from marts.item_velocity as v
join marts.dim_item as i using (tenant_id, item_id)
order by i.item_name;

-- Which items will be sold out within a week?
select i.item_name, v.days_left_7
from marts.item_velocity as v
join marts.dim_item as i using (tenant_id, item_id)
where v.days_left_7 < 7
order by v.days_left_7, i.item_name;

-- Do items sell faster this week than in the last four weeks?
select i.item_name, v.per_day_7, v.per_day_28, v.per_day_7 > v.per_day_28 as is_faster
from marts.item_velocity as v
join marts.dim_item as i using (tenant_id, item_id)
order by i.item_name;

-- How many of each item are needed for the next two weeks?
select i.item_name, greatest(ceil(14 * v.per_day_7) - v.available, 0) as to_order
from marts.item_velocity as v
join marts.dim_item as i using (tenant_id, item_id)
order by to_order desc, i.item_name;

-- What is the stock worth?
select sum(v.available * i.price) as worth
from marts.item_velocity as v
join marts.dim_item as i using (tenant_id, item_id);
