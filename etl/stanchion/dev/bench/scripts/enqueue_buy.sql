select state = 'overloaded' as is_full from stock.enqueue_buy('00000000-0000-0000-0000-000000000001', 1, gen_random_uuid()::text) \gset
\if :is_full
\sleep 50 ms
\endif
