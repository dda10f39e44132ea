-- What is on sale?
select item_name, price, added_on
from marts.dim_item
order by item_name;

-- What costs most?
select item_name, price
from marts.dim_item
order by price desc
limit 1;

-- What came last?
select item_name, added_on
from marts.dim_item
order by added_on desc, item_name
limit 1;

-- How many items are there?
select count(*) as items
from marts.dim_item;

-- What costs less than twenty?
select item_name
from marts.dim_item
where price < 20
order by item_name;
