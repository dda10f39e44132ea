-- The queue of orders, and its greatest length.
insert into core.queue (queue, handler, batch, lease, description)
values ('stock.orders', 'stock.fulfil', 50, '30 seconds', 'Orders of stock.enqueue_buy, first come first served');

insert into core.config_key (namespace, key, value_type, minimum, maximum, default_value, description)
values ('stock', 'queue_depth', 'integer', 0, 100000, '1000', 'Orders that may wait; further ones are refused as overloaded');

-- revert: delete from core.config_key
-- revert: where namespace = 'stock' and key = 'queue_depth';
-- revert: delete from core.queue
-- revert: where queue = 'stock.orders';
