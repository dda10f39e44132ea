delete from core.config_key
where module = 'stock' and key = 'queue_depth';
delete from core.queue
where queue = 'stock.orders';
