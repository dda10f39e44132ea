-- Stock is sold once, in the sequence of the orders, and every decision is stored and returned again for its key.
begin;
\ir ../prelude.sql
select plan(48);

create function pg_temp.buy(p_qty integer, p_key text, p_item text default 'c') returns text language sql as $$
    select concat_ws(': ', b.state, b.reason) from stock.buy(pg_temp.id(p_item), p_qty, p_key) as b
$$;
create function pg_temp.order(p_qty integer, p_key text, p_item text default 'c') returns text language sql as $$
    select concat_ws(': ', b.state, b.reason) from stock.enqueue_buy(pg_temp.id(p_item), p_qty, p_key) as b
$$;
create function pg_temp.decided(p_keys text[]) returns text language sql as $$
    select string_agg(coalesce(p.state, '-'), ', ' order by k.number)
    from unnest(p_keys) with ordinality as k (key, number)
    left join stock.purchase as p on p.order_key = k.key and p.tenant_id = core.current_tenant()
$$;
insert into stock.item (tenant_id, item_id, name, price, received, available) values
(pg_temp.id('a'), pg_temp.id('c'), 'Chair', 9.50, 10, 10),
(pg_temp.id('a'), pg_temp.id('d'), 'Desk', 90, 10, 10),
(pg_temp.id('b'), pg_temp.id('e'), 'Theirs', 1, 10, 10);
insert into core.principal (tenant_id, principal_id, email, display_name) values (pg_temp.id('a'), pg_temp.id('f1'), 'f1@a.example', 'F');
select core.ensure_partitions(relation::regclass, '2030-01-01', '2030-01-08') from core.partition_set;
select pg_temp.at('2030-01-01 12:00:00+00');

-- buying at once
select is(pg_temp.buy(3, 'k1'), 'sold', 'buy() returns sold when the stock suffices');
select is(pg_temp.buy(3, 'k1'), 'sold', 'buy() returns sold again for the same key');
select is(pg_temp.buy(4, 'k1'), 'mismatch', 'buy() returns mismatch for another quantity with the same key');
select is(pg_temp.buy(3, 'k1', 'd'), 'mismatch', 'buy() returns mismatch for another item with the same key');
select is(pg_temp.buy(8, 'k2'), 'refused: out of stock', 'buy() returns refused when the stock does not suffice');
select is(pg_temp.buy(7, 'k3'), 'sold', 'buy() returns sold for the rest of the stock');
select is(pg_temp.buy(1, 'k4'), 'refused: out of stock', 'buy() returns refused when the stock is empty');
select results_eq(
    'select i.received, i.available, i.sold from stock.item as i where i.name = ''Chair''', 'values (10::bigint, 0::bigint, 10::bigint)',
    'a unit counts once in the totals of its item'
);
select is((select count(*)::integer from stock.purchase), 4, 'stock.purchase contains every decision');
select is((select p.price from stock.purchase as p where p.order_key = 'k1'), 9.50, 'a purchase contains the price of its item');
select throws_ok($$select pg_temp.buy(0, 'k5')$$, '22023', null, 'buy() refuses a quantity of zero');
select throws_ok($$select pg_temp.buy(-1, 'k5')$$, '22023', null, 'buy() refuses a negative quantity');
select throws_ok($$select pg_temp.buy(null, 'k5')$$, '22023', null, 'buy() refuses null as the quantity');
select throws_ok($$select pg_temp.order(0, 'k5')$$, '22023', null, 'enqueue_buy() refuses a quantity of zero');
select throws_ok($$select pg_temp.buy(1, '')$$, '22023', null, 'buy() refuses an empty key');
select throws_ok($$select pg_temp.buy(1, repeat('k', 201))$$, '22023', null, 'buy() refuses a key of more than 200 characters');
select throws_ok($$select pg_temp.buy(1, 'k5', 'e')$$, 'P0002', null, 'buy() refuses an item of another tenant');
select throws_ok($$select pg_temp.order(1, 'k5', 'e')$$, 'P0002', null, 'enqueue_buy() refuses an item of another tenant');

-- restocking
select results_eq(
    $$select * from stock.restock(pg_temp.id('c'), 10, 'r1')$$, $$values ('restocked', 10::bigint)$$,
    'restock() returns restocked and the new stock'
);
select is(pg_temp.buy(1, 'k6'), 'sold', 'buy() returns sold after a delivery');
select results_eq(
    $$select * from stock.restock(pg_temp.id('c'), 10, 'r1')$$, $$values ('restocked', 10::bigint)$$,
    'restock() changes nothing for the same key'
);
select results_eq(
    $$select * from stock.restock(pg_temp.id('c'), 1, 'r1')$$, $$values ('mismatch', null::bigint)$$,
    'restock() returns mismatch for another quantity with the same key'
);
select is(pg_temp.buy(10, 'r1'), 'mismatch', 'buy() returns mismatch for the key of a delivery');
select throws_ok($$select stock.restock(pg_temp.id('c'), 0, 'r2')$$, '22023', null, 'restock() refuses a quantity of zero');
select throws_ok($$select stock.restock(pg_temp.id('e'), 1, 'r2')$$, 'P0002', null, 'restock() refuses an item of another tenant');
select is(pg_temp.buy(9, 'k7'), 'sold', 'buy() returns sold for the rest of a delivery');

-- the queue
select set_config('app.request_id', 'req-7', true);
select pg_temp.as_principal('f1');
select is(pg_temp.order(8, 'o1', 'd'), 'queued', 'enqueue_buy() returns queued');
select set_config('app.request_id', '', true);
select pg_temp.as_principal('');
select is(pg_temp.order(8, 'o1', 'd') || pg_temp.buy(8, 'o1', 'd'), 'queuedqueued', 'enqueue_buy() and buy() return queued for the key of a waiting order');
select is(
    pg_temp.order(5, 'o2', 'd') || pg_temp.order(2, 'o3', 'd') || pg_temp.order(1, 'o4'), 'queuedqueuedqueued',
    'enqueue_buy() returns queued for further orders'
);
select is(stock.fulfil_batch(), 4, 'fulfil_batch() decides all waiting orders');
select is(
    pg_temp.decided('{o1,o2,o3,o4}'), 'sold, refused, sold, refused',
    'fulfil_batch() serves orders in their sequence and sells each that fits the stock'
);
select is(
    pg_temp.order(5, 'o2', 'd') || ', ' || pg_temp.buy(8, 'o1', 'd'), 'refused: out of stock, sold',
    'enqueue_buy() and buy() return the decision of a queued order'
);
select is(stock.fulfil_batch(), 0, 'fulfil_batch() returns 0 when no order waits');
select results_eq(
    $$select l.actor, l.login collate "C", l.request_id, l.detail ->> 'state' from core.audit_log as l where l.subject = 'o1'$$,
    $$values ('00000000-0000-0000-0000-0000000000f1', session_user::text, 'req-7', 'sold')$$,
    'the audit log contains the actor, the login and the request of a queued order'
);
select is(
    (select count(*) from core.audit_log as l where l.action = 'stock.purchase'), (select count(*) from stock.purchase), 'the audit log contains every decision'
);
select core.set_tenant_config('stock', 'queue_depth', '2');
select is(
    pg_temp.order(1, 'o5') || pg_temp.order(1, 'o6') || pg_temp.order(1, 'o7'), 'queuedqueuedoverloaded',
    'enqueue_buy() returns overloaded when the queue is full'
);
select is(stock.fulfil_batch(1) + stock.fulfil_batch(1), 2, 'fulfil_batch() decides no more orders than its limit');
select is(pg_temp.order(1, 'o7'), 'queued', 'enqueue_buy() returns queued after overloaded when the queue has space again');
select is(stock.fulfil_batch(), 1, 'fulfil_batch() decides an order that was refused as overloaded before');

-- orders that can never be decided
select core.set_tenant_config('stock', 'queue_depth', '100');
select core.enqueue('stock.orders', p.payload) from (values
    (1, '"no order"'::jsonb),
    (2, jsonb_build_object('item', 'c', 'qty', 1, 'key', 'm2', 'attempt', 1)),
    (3, jsonb_build_object('item', pg_temp.id('e'), 'qty', 1, 'key', 'm3', 'attempt', 1)),
    (4, jsonb_build_object('item', pg_temp.id('c'), 'qty', -5, 'key', 'm4', 'attempt', 1)),
    (5, jsonb_build_object('item', pg_temp.id('c'), 'qty', 1e12, 'key', 'm5', 'attempt', 1)),
    (6, jsonb_build_object('item', pg_temp.id('c'), 'qty', 1, 'key', (select string_agg(md5(n::text), '') from generate_series(1, 1000) as n), 'attempt', 1)),
    (7, jsonb_build_object('item', pg_temp.id('c'), 'qty', 1, 'attempt', 1)),
    (8, jsonb_build_object('item', pg_temp.id('c'), 'qty', 1, 'key', 'm8', 'attempt', 'first')),
    (9, '[]'::jsonb)
) as p (number, payload) order by p.number;
select is(pg_temp.order(1, 'o8') || pg_temp.order(1, 'o8', 'd'), 'queuedmismatch', 'enqueue_buy() returns queued for an order after malformed ones');
select is(stock.fulfil_batch(), 1, 'fulfil_batch() decides an order that waits behind malformed ones');
select is(
    (select string_agg(left(d.last_error, 5), ' ' order by d.job_id) from core.job_dead as d where d.queue = 'stock.orders'),
    '22023 22P02 P0002 22023 22003 22023 22023 22P02 22023', 'fulfil_batch() moves each malformed order to core.job_dead with its reason'
);
select is(stock.fulfil_batch(), 0, 'fulfil_batch() returns 0 when the malformed orders are dead');

-- an old key
select pg_temp.at('2030-01-05 12:00:00+00');
select is(pg_temp.buy(3, 'k1') || ', ' || pg_temp.buy(4, 'k1'), 'sold, mismatch', 'buy() returns the decision of a key after several days');

-- wipe
select throws_ok($$select stock.wipe('b')$$, '22023', null, 'wipe() refuses a name that is not the slug of the tenant');
select pg_temp.as_principal('f1');
select throws_ok($$select stock.wipe('a')$$, '42501', null, 'wipe() refuses a principal who is neither owner nor admin');
select pg_temp.as_principal('');
select stock.restock(pg_temp.id('c'), 5, 'r3');
select results_eq($$select stock.wipe('a'), stock.wipe('a')$$, 'values (true, false)', 'wipe() returns false within a minute of the last call');
select results_eq(
    $$select i.name, i.available, i.received = i.sold + i.withdrawn from stock.item as i order by i.name$$,
    $$values ('Chair', 0::bigint, true), ('Desk', 0, true), ('Theirs', 10, false)$$, 'wipe() withdraws the stock of this tenant only, and the totals add up'
);

select * from finish();
rollback;
