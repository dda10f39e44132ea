-- So many orders that wait, for measuring how fast they are decided.
select count(*)
from generate_series(1, current_setting('bench.rows')::integer) as n
cross join lateral (
    select core.enqueue(
        'stock.orders',
        jsonb_build_object('item', '00000000-0000-0000-0000-000000000001', 'qty', 1, 'key', o.key, 'attempt', c.attempt)
    ) as job
    from (select 'order ' || n || ' ' || gen_random_uuid() as key) as o
    cross join lateral core.claim_key(o.key, '\x00', '1 day') as c
) as enqueued
