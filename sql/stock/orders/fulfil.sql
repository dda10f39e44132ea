-- Decides the orders of a lease, first come, first served. An order that fits is never refused because an earlier order
-- did not fit: with 10 units in stock, orders of 8, 5 and 2 are sold, refused and sold.
--
-- A sum over the orders cannot express that, so they are decided one by one in memory. Every table is read once and
-- written once, by a statement of its own, which a cluster can send to the node of the tenant. Items are locked in the
-- order of their keys, as in every other batch.
--
-- After a few calls of a session the plans are kept, perhaps from a time when the tables were empty and every index
-- seemed equally good: hence ranges and orders that only the intended index has (see docs/planner.md). A cluster cannot
-- keep these plans, so they are not forced.
create or replace function stock.fulfil(p_lease uuid)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = auto
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz;
    v_today date;
    -- the orders of the lease, by item and job
    v_items uuid[];
    v_qtys integer[];
    v_keys text[];
    v_attempts integer[];
    v_enqueued timestamptz[];
    v_actors text[];
    v_logins text[];
    v_requests text[];
    -- the purchases that exist with their keys; null for a new key
    v_known_states text[];
    v_known_reasons text[];
    -- their items
    v_stock uuid[];
    v_availables bigint[];
    v_prices numeric[];
    v_taken bigint[];  -- units sold of the item
    v_at integer;
    v_sold bytea := stock.answer('sold', null);
    v_refused bytea := stock.answer('refused', 'out of stock');
    v_states text[] := array[]::text[];  -- per order; null for an order whose key was used before
    v_lefts bigint[] := array[]::bigint[];  -- per order: units of its item after it
    v_paid numeric[] := array[]::numeric[];  -- per order: the price of its item
    v_answers bytea[] := array[]::bytea[];
    v_decided integer;
begin
    -- Row-level security keeps a condition with a function that is not leakproof, such as ->>, out of an index scan. So
    -- the rows are locked first.
    with job as materialized (
        select j.job_id, j.payload, j.enqueued_at, j.actor, j.login, j.request_id
        from core.job as j
        where j.tenant_id = v_tenant and j.lease_id between p_lease and p_lease
        order by j.lease_id
        for update
    ),

    ordered as (
        select
            (j.payload ->> 'item')::uuid as item_id,
            (j.payload ->> 'qty')::integer as qty,
            j.payload ->> 'key' as key,
            (j.payload ->> 'attempt')::integer as attempt,
            j.enqueued_at,
            j.actor,
            j.login,
            j.request_id
        from job as j
        order by 1, j.job_id
    )

    select
        array_agg(o.item_id), array_agg(o.qty), array_agg(o.key), array_agg(o.attempt), array_agg(o.enqueued_at),
        array_agg(o.actor), array_agg(o.login), array_agg(o.request_id)
    into v_items, v_qtys, v_keys, v_attempts, v_enqueued, v_actors, v_logins, v_requests
    from ordered as o;
    if v_keys is null then
        return 0;
    end if;
    with item as materialized (
        select i.item_id, i.available, i.price
        from stock.item as i
        where i.tenant_id = v_tenant and i.item_id = any (v_items)
        order by i.item_id
        for no key update
    )

    select array_agg(i.item_id), array_agg(i.available), array_agg(i.price), array_agg(0::bigint)
    into v_stock, v_availables, v_prices, v_taken
    from item as i;
    v_now := core.clock();
    v_today := core.utc_day(v_now);
    select array_agg(known.state order by o.ordinality), array_agg(known.reason order by o.ordinality)
    into v_known_states, v_known_reasons
    from unnest(v_keys) with ordinality as o (key, ordinality)
    left join lateral (
        select p.state, p.reason
        from stock.purchase as p
        where p.tenant_id = v_tenant and p.order_key between o.key and o.key
        order by p.order_key
        limit 1
    ) as known on true;
    for n in 1..cardinality(v_keys) loop
        v_at := array_position(v_stock, v_items[n]);
        if (v_qtys[n] between 1 and 1000000 and length(v_keys[n]) between 1 and 200) is not true then
            raise exception 'an order needs 1 to 1000000 units and a key of 1 to 200 characters, not % units', coalesce(v_qtys[n]::text, 'null')
                using errcode = '22023';
        elsif v_at is null then
            raise exception 'item of order % does not exist any more', v_keys[n] using errcode = 'P0002';
        end if;
        if v_known_states[n] is not null then  -- the key was used before core.claim_key forgot it
            v_states := v_states || null::text;
            v_answers := v_answers || stock.answer(v_known_states[n], v_known_reasons[n]);
        elsif v_qtys[n] <= v_availables[v_at] - v_taken[v_at] then
            v_taken[v_at] := v_taken[v_at] + v_qtys[n];
            v_states := v_states || 'sold'::text;
            v_answers := v_answers || v_sold;
        else
            v_states := v_states || 'refused'::text;
            v_answers := v_answers || v_refused;
        end if;
        v_lefts := v_lefts || (v_availables[v_at] - v_taken[v_at]);
        v_paid := v_paid || v_prices[v_at];
    end loop;

    update stock.item as i
    set available = i.available - s.qty, sold = i.sold + s.qty
    from unnest(v_stock, v_taken) as s (item_id, qty)
    where i.tenant_id = v_tenant and i.item_id = s.item_id and s.qty > 0;
    with kept as (
        insert into stock.purchase (tenant_id, order_key, item_id, qty, state, reason, price, available, ordered_at, decided_at)
        select
            v_tenant, d.key, d.item_id, d.qty, d.state, case d.state when 'refused' then 'out of stock' end, d.price,
            d.available, d.enqueued_at, v_now
        from unnest(v_keys, v_items, v_qtys, v_states, v_paid, v_lefts, v_enqueued) as d (
            key, item_id, qty, state, price, available, enqueued_at
        )
        where d.state is not null
        returning 1
    )

    select count(*) into v_decided from kept;
    -- the audit rows have the actor, the login and the request of the order
    with audited as (
        insert into core.audit_log (tenant_id, recorded_on, recorded_at, actor, login, action, subject, detail, request_id)
        select
            v_tenant,
            v_today,
            v_now,
            d.actor,
            d.login,
            'stock.purchase',
            d.key,
            jsonb_build_object(
                'item', d.item_id, 'qty', d.qty, 'state', d.state,
                'reason', case d.state when 'refused' then 'out of stock' end
            ),
            d.request_id
        from unnest(v_keys, v_items, v_qtys, v_states, v_actors, v_logins, v_requests) as d (
            key, item_id, qty, state, actor, login, request_id
        )
        where d.state is not null
        returning 1
    )

    select count(*) into v_decided from audited;

    perform core.complete_keys(v_keys, v_attempts, 200, v_answers);
    if v_decided > 0 then
        perform pg_notify('stanchion_purchases', '');
    end if;
    return v_decided;
end;
$$;

comment on function stock.fulfil(uuid) is
'Returns the number of orders of the lease that were decided. Sends one empty notification on stanchion_purchases. Errors: P0002 when an item does not exist; 22023 and others of class 22 when an order is malformed; 23505 when another session just bought with one of the keys; 42501 when no tenant is set.';

grant execute on function stock.fulfil(uuid) to stanchion_worker;

-- revert: drop function stock.fulfil(uuid);
