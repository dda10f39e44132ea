-- Decides the orders of a lease: who came first is served first, and an order that fits is never refused
-- for one before it that did not: a stock of 10 and orders of 8, 5 and 2 are sold, refused, sold.
--
-- No sum over the orders says that, so they are gone through one by one, in memory; what is written is one
-- update per item and one insert for all purchases. Items are locked in the order of their keys, in which
-- every other batch locks them too. The orders are read out of their payload before they are joined:
-- ->> is not leakproof, and what is not leakproof is no condition for an index under a policy.
create or replace function stock.fulfil(p_lease uuid)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_now timestamptz;
    v_order record;
    v_item uuid;
    v_left bigint;
    v_answer bytea;
    v_answer_sold bytea := stock.answer('sold', null);
    v_answer_refused bytea := stock.answer('refused', 'out of stock');
    v_sold bigint[] := array[]::bigint[];
    v_refused bigint[] := array[]::bigint[];
begin
    perform 1
    from core.job as j
    where j.tenant_id = v_tenant and j.lease_id = p_lease
    for update;
    perform 1
    from stock.item as i
    where
        i.tenant_id = v_tenant
        and i.item_id = any (array(
            select (j.payload ->> 'item')::uuid
            from core.job as j
            where j.tenant_id = v_tenant and j.lease_id = p_lease
        ))
    order by i.item_id
    for no key update;
    v_now := core.clock();
    for v_order in
        with ordered as materialized (
            select
                j.job_id,
                (j.payload ->> 'item')::uuid as item_id,
                (j.payload ->> 'qty')::integer as qty,
                j.payload ->> 'key' as key,
                (j.payload ->> 'attempt')::integer as attempt
            from core.job as j
            where j.tenant_id = v_tenant and j.lease_id = p_lease
        )

        select o.job_id, o.key, o.qty, o.attempt, i.item_id, i.available, p.state, p.reason
        from ordered as o
        left join stock.item as i on i.tenant_id = v_tenant and i.item_id = o.item_id
        left join lateral (
            -- in the order of the primary key: until statistics say otherwise the other index looks as good
            select u.state, u.reason
            from stock.purchase as u
            where u.tenant_id = v_tenant and u.order_key between o.key and o.key
            order by u.order_key
            limit 1
        ) as p on true
        order by i.item_id, o.job_id
    loop
        if v_order.item_id is null then
            raise exception 'the item of order % is gone', v_order.key using errcode = 'P0002';
        elsif v_order.item_id is distinct from v_item then
            v_item := v_order.item_id;
            v_left := v_order.available;
        end if;
        if v_order.state is not null then  -- its key was used before core.claim_key forgot it
            v_answer := stock.answer(v_order.state, v_order.reason);
        elsif v_order.qty <= v_left then
            v_left := v_left - v_order.qty;
            v_sold := v_sold || v_order.job_id;
            v_answer := v_answer_sold;
        else
            v_refused := v_refused || v_order.job_id;
            v_answer := v_answer_refused;
        end if;
        perform core.complete_key(v_order.key, v_order.attempt, 200, v_answer);
    end loop;

    update stock.item as i
    set available = i.available - s.qty, sold = i.sold + s.qty
    from (
        select (j.payload ->> 'item')::uuid as item_id, sum((j.payload ->> 'qty')::integer) as qty
        from core.job as j
        where j.tenant_id = v_tenant and j.lease_id = p_lease and j.job_id = any (v_sold)
        group by 1
    ) as s
    where i.tenant_id = v_tenant and i.item_id = s.item_id;

    with ordered as materialized (
        select
            j.job_id,
            (j.payload ->> 'item')::uuid as item_id,
            (j.payload ->> 'qty')::integer as qty,
            j.payload ->> 'key' as key,
            j.enqueued_at,
            j.actor,
            j.request_id
        from core.job as j
        where j.tenant_id = v_tenant and j.lease_id = p_lease and j.job_id = any (v_sold || v_refused)
    ),

    decided as (
        insert into stock.purchase (tenant_id, order_key, item_id, qty, state, reason, price, ordered_at, decided_at)
        select
            v_tenant,
            o.key,
            o.item_id,
            o.qty,
            case when o.job_id = any (v_sold) then 'sold' else 'refused' end,
            case when o.job_id = any (v_refused) then 'out of stock' end,
            i.price,
            o.enqueued_at,
            v_now
        from ordered as o
        join stock.item as i on i.tenant_id = v_tenant and i.item_id = o.item_id
        returning *
    )

    -- the audit is in the name of who ordered, with the id of their request
    insert into core.audit_log (tenant_id, recorded_on, recorded_at, actor, action, subject, detail, request_id)
    select
        v_tenant,
        core.utc_day(v_now),
        v_now,
        o.actor,
        'stock.purchase',
        o.key,
        jsonb_build_object('item', d.item_id, 'qty', d.qty, 'state', d.state, 'reason', d.reason),
        o.request_id
    from ordered as o
    join decided as d on d.order_key = o.key;

    if cardinality(v_sold || v_refused) > 0 then
        perform pg_notify('stanchion_purchases', '');
    end if;
    return cardinality(v_sold || v_refused);
end;
$$;

comment on function stock.fulfil(uuid) is
'How many orders of the lease were decided. Sends one empty notification on stanchion_purchases. Raises P0002 when an item is gone, 23505 when one of the keys was bought with just now, 42501 without a tenant.';

grant execute on function stock.fulfil(uuid) to stanchion_worker;

-- revert: drop function stock.fulfil(uuid);
