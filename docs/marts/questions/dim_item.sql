-- Which items are on sale?
select item_name, price, added_on
from marts.dim_item
order by item_name;

-- Which item is the most expensive?
select item_name, price
from marts.dim_item
order by price desc, item_name
limit 1;

-- Which item was added last?
select item_name, added_on
from marts.dim_item
order by added_on desc, item_name
limit 1;

-- How many items are there?
select count(*) as items
from marts.dim_item;

-- Which items cost less than ten?
select item_name, price
from marts.dim_item
where price < 10
order by item_name;
