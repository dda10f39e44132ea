-- So many orders that wait, for measuring how fast they are decided. With a UUIDv7 each, for which no lock is
-- taken: this is one transaction.
select count(*)
from generate_series(1, current_setting('bench.rows')::integer) as n
cross join
    lateral (
        select left(h, 8) || '-' || right(h, 4) || '-7' || substr(gen_random_uuid()::text, 16, 9) || lpad(n::text, 12, '0') as key
        from lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') as h
    ) as o
cross join lateral core.claim_key(o.key, '\x00', '1 day') as c
cross join lateral core.enqueue(
    'stock.orders',
    jsonb_build_object('item', '00000000-0000-0000-0000-000000000001', 'qty', 1, 'key', o.key, 'attempt', c.attempt)
)
