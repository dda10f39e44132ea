-- What is in stock is sold once, first come first served, and every decision is kept and told again.
begin;
select plan(44);

create function pg_temp.at(p_time text) returns void language plpgsql as $$
begin
    execute format('create or replace function core.clock() returns timestamptz language sql volatile return %L::timestamptz', p_time);
end;
$$;
create function pg_temp.tenant(p_tenant text) returns void language sql as $$
    select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000' || p_tenant, true)
$$;
create function pg_temp.buy(p_qty integer, p_key text, p_item text default 'c') returns text language sql as $$
    select concat_ws(': ', b.state, b.reason) from stock.buy(('00000000-0000-0000-0000-00000000000' || p_item)::uuid, p_qty, p_key) as b
$$;
create function pg_temp.order(p_qty integer, p_key text, p_item text default 'c') returns text language sql as $$
    select concat_ws(': ', b.state, b.reason) from stock.enqueue_buy(('00000000-0000-0000-0000-00000000000' || p_item)::uuid, p_qty, p_key) as b
$$;
create function pg_temp.decided(p_keys text[]) returns text language sql as $$
    select string_agg(coalesce(p.state, '-'), ', ' order by k.number)
    from unnest(p_keys) with ordinality as k (key, number)
    left join stock.purchase as p on p.order_key = k.key and p.tenant_id = core.current_tenant()
$$;
insert into core.tenant (tenant_id, slug, name, kind) values
('00000000-0000-0000-0000-00000000000a', 'a', 'A', 'shop'),
('00000000-0000-0000-0000-00000000000b', 'b', 'B', 'shop');
insert into stock.item (tenant_id, item_id, name, price, received, available) values
('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-00000000000c', 'Chair', 9.50, 10, 10),
('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-00000000000d', 'Desk', 90, 10, 10),
('00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0000-00000000000e', 'Theirs', 1, 10, 10);
select core.ensure_partitions(relation::regclass, '2030-01-01', '2030-01-08') from core.partition_set;
select pg_temp.at('2030-01-01 12:00:00+00');
select pg_temp.tenant('a');

-- buying at once
select is(pg_temp.buy(3, 'k1'), 'sold', 'what is there is sold');
select is(pg_temp.buy(3, 'k1'), 'sold', 'the same key is told the same');
select is(pg_temp.buy(4, 'k1'), 'mismatch', 'with another quantity it is another order');
select is(pg_temp.buy(3, 'k1', 'd'), 'mismatch', 'with another item too');
select is(pg_temp.buy(8, 'k2'), 'refused: out of stock', 'more than there is is not sold');
select is(pg_temp.buy(7, 'k3'), 'sold', 'what is left is');
select is(pg_temp.buy(1, 'k4'), 'refused: out of stock', 'and then nothing');
select results_eq(
    'select i.received, i.available, i.sold from stock.item as i where i.name = ''Chair''', 'values (10::bigint, 0::bigint, 10::bigint)',
    'each of them counts once'
);
select is((select count(*)::integer from stock.purchase), 4, 'every decision is a purchase');
select is((select p.price from stock.purchase as p where p.order_key = 'k1'), 9.50, 'at its price');
select throws_ok($$select pg_temp.buy(0, 'k5')$$, '22023', null, 'an order of nothing');
select throws_ok($$select pg_temp.buy(-1, 'k5')$$, '22023', null, 'of less than nothing');
select throws_ok($$select pg_temp.buy(null, 'k5')$$, '22023', null, 'of who knows how many');
select throws_ok($$select pg_temp.order(0, 'k5')$$, '22023', null, 'is no order in the queue either');
select throws_ok($$select pg_temp.buy(1, '')$$, '22023', null, 'a key has text');
select throws_ok($$select pg_temp.buy(1, repeat('k', 201))$$, '22023', null, 'and not too much');
select throws_ok($$select pg_temp.buy(1, 'k5', 'e')$$, 'P0002', null, 'the item of another shop is none');
select throws_ok($$select pg_temp.order(1, 'k5', 'e')$$, 'P0002', null, 'in the queue neither');

-- restocking
select results_eq($$select * from stock.restock('00000000-0000-0000-0000-00000000000c', 10, 'r1')$$, $$values ('restocked', 10::bigint)$$, 'a delivery');
select is(pg_temp.buy(1, 'k6'), 'sold', 'is for sale');
select results_eq($$select * from stock.restock('00000000-0000-0000-0000-00000000000c', 10, 'r1')$$, $$values ('restocked', 10::bigint)$$, 'it comes once');
select results_eq($$select * from stock.restock('00000000-0000-0000-0000-00000000000c', 1, 'r1')$$, $$values ('mismatch', null::bigint)$$, 'with one key');
select is(pg_temp.buy(10, 'r1'), 'mismatch', 'which is no order''s');
select throws_ok($$select stock.restock('00000000-0000-0000-0000-00000000000c', 0, 'r2')$$, '22023', null, 'a delivery of nothing');
select throws_ok($$select stock.restock('00000000-0000-0000-0000-00000000000e', 1, 'r2')$$, 'P0002', null, 'or for another shop');
select is(pg_temp.buy(9, 'k7'), 'sold', 'all of it');

-- the queue
select set_config('app.request_id', 'req-7', true);
select set_config('app.principal_id', '00000000-0000-0000-0000-0000000000f1', true);
select is(pg_temp.order(8, 'o1', 'd'), 'queued', 'an order may wait');
select set_config('app.request_id', '', true);
select set_config('app.principal_id', '', true);
select is(pg_temp.order(8, 'o1', 'd') || pg_temp.buy(8, 'o1', 'd'), 'queuedqueued', 'whoever asks meanwhile is told so');
select is(pg_temp.order(5, 'o2', 'd') || pg_temp.order(2, 'o3', 'd') || pg_temp.order(1, 'o4'), 'queuedqueuedqueued', 'others wait behind it');
select is(stock.fulfil_batch(), 4, 'they are decided together');
select is(pg_temp.decided('{o1,o2,o3,o4}'), 'sold, refused, sold, refused', 'who came first is served first, and what fits is not refused');
select is(pg_temp.order(5, 'o2', 'd') || ', ' || pg_temp.buy(8, 'o1', 'd'), 'refused: out of stock, sold', 'and told again');
select is(stock.fulfil_batch(), 0, 'nothing waits any more');
select results_eq(
    $$select l.actor, l.request_id, l.detail ->> 'state' from core.audit_log as l where l.subject = 'o1'$$,
    $$values ('00000000-0000-0000-0000-0000000000f1', 'req-7', 'sold')$$, 'the audit says who ordered, in which request'
);
select is(
    (select count(*) from core.audit_log as l where l.action = 'stock.purchase'), (select count(*) from stock.purchase), 'it has every decision'
);
select core.set_tenant_config('stock', 'queue_depth', '2');
select is(pg_temp.order(1, 'o5') || pg_temp.order(1, 'o6') || pg_temp.order(1, 'o7'), 'queuedqueuedoverloaded', 'past its depth the queue takes no more');
select is(stock.fulfil_batch(1) + stock.fulfil_batch(1), 2, 'a batch may be small');
select is(pg_temp.order(1, 'o7'), 'queued', 'whoever was refused may try again');
select is(stock.fulfil_batch(), 1, 'as if nothing had been');

-- keys of long ago
select pg_temp.at('2030-01-05 12:00:00+00');
select is(pg_temp.buy(3, 'k1') || ', ' || pg_temp.buy(4, 'k1'), 'sold, mismatch', 'a key is one purchase for ever');

-- the kill switch
select throws_ok($$select stock.wipe('b')$$, '22023', null, 'wiping wants the name of the shop');
select set_config('app.principal_id', '00000000-0000-0000-0000-0000000000f1', true);
select throws_ok($$select stock.wipe('a')$$, '42501', null, 'and an owner or admin of it');
select set_config('app.principal_id', '', true);
select pg_temp.tenant('a'), stock.restock('00000000-0000-0000-0000-00000000000c', 5, 'r3');
select results_eq($$select stock.wipe('a'), stock.wipe('a')$$, 'values (true, false)', 'once in a minute');
select results_eq(
    $$select i.name, i.available, i.received = i.sold + i.withdrawn from stock.item as i order by i.name$$,
    $$values ('Chair', 0::bigint, true), ('Desk', 0, true), ('Theirs', 10, false)$$, 'nothing of this shop is on sale, and nothing is lost'
);

select * from finish();
rollback;
