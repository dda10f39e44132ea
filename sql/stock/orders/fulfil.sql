-- Decides the orders of a lease, first come, first served. An order that fits is never refused because an earlier order
-- did not fit: with 10 units in stock, orders of 8, 5 and 2 are sold, refused and sold.
--
-- A sum over the orders cannot express that, so they are decided one by one in memory. Every table is read once and
-- written once. Items are locked in the order of their keys, as in every other batch.
--
-- All statements are planned once per session, perhaps while the tables are empty and every index seems equally good:
-- hence ranges and orders that only the intended index has (see docs/planner.md).
create or replace function stock.fulfil(p_lease uuid)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_now timestamptz;
    v_jobs core.job[];
    v_items stock.item[];
    v_order record;
    v_item uuid;
    v_left bigint;
    v_sold bytea := stock.answer('sold', null);
    v_refused bytea := stock.answer('refused', 'out of stock');
    v_states text[] := array[]::text[];  -- per job; null for an order whose key was used before
    v_lefts bigint[] := array[]::bigint[];  -- per job: units of its item after it
    v_keys text[] := array[]::text[];
    v_attempts integer[] := array[]::integer[];
    v_answers bytea[] := array[]::bytea[];
    v_decided integer;
begin
    v_jobs := array(
        select j
        from core.job as j
        where j.tenant_id = v_tenant and j.lease_id between p_lease and p_lease
        order by j.lease_id
        for update
    );
    v_items := array(
        select i
        from stock.item as i
        where
            i.tenant_id = v_tenant
            and i.item_id = any (array(select (j.payload ->> 'item')::uuid from unnest(v_jobs) as j))
        order by i.item_id
        for no key update
    );
    v_now := core.clock();
    v_jobs := array(select j from unnest(v_jobs) as j order by (j.payload ->> 'item')::uuid, j.job_id);
    -- Row-level security keeps a condition with a function that is not leakproof, such as ->>, out of an index scan. So a
    -- subquery that is not flattened (offset 0) reads the payload first.
    for v_order in
        select
            i.item_id,
            i.available,
            j.qty,
            j.key,
            j.attempt,
            p.state,
            p.reason
        from (
            select
                t.ordinality,
                (t.payload ->> 'item')::uuid as item_id,
                (t.payload ->> 'qty')::integer as qty,
                t.payload ->> 'key' as key,
                (t.payload ->> 'attempt')::integer as attempt
            from unnest(v_jobs) with ordinality as t
            offset 0
        ) as j
        left join unnest(v_items) as i on i.item_id = j.item_id
        left join lateral (
            select u.state, u.reason
            from stock.purchase as u
            where u.tenant_id = v_tenant and u.order_key between j.key and j.key
            order by u.order_key
            limit 1
        ) as p on true
        order by j.ordinality
    loop
        if (v_order.qty between 1 and 1000000 and length(v_order.key) between 1 and 200) is not true then
            raise exception 'an order needs 1 to 1000000 units and a key of 1 to 200 characters, not % units', coalesce(v_order.qty::text, 'null')
                using errcode = '22023';
        elsif v_order.item_id is null then
            raise exception 'item of order % does not exist any more', v_order.key using errcode = 'P0002';
        elsif v_order.item_id is distinct from v_item then
            v_item := v_order.item_id;
            v_left := v_order.available;
        end if;
        v_keys := v_keys || v_order.key;
        v_attempts := v_attempts || v_order.attempt;
        if v_order.state is not null then  -- the key was used before core.claim_key forgot it
            v_states := v_states || null::text;
            v_answers := v_answers || stock.answer(v_order.state, v_order.reason);
        elsif v_order.qty <= v_left then
            v_left := v_left - v_order.qty;
            v_states := v_states || 'sold'::text;
            v_answers := v_answers || v_sold;
        else
            v_states := v_states || 'refused'::text;
            v_answers := v_answers || v_refused;
        end if;
        v_lefts := v_lefts || v_left;
    end loop;

    with decided as materialized (
        select
            i.item_id,
            (j.payload ->> 'qty')::integer as qty,
            j.payload ->> 'key' as key,
            s.state,
            case s.state when 'refused' then 'out of stock' end as reason,
            i.price,
            s.available,
            j.enqueued_at,
            j.actor,
            j.login,
            j.request_id
        from unnest(v_jobs) with ordinality as j
        join unnest(v_states, v_lefts) with ordinality as s (state, available, ordinality)
            on s.ordinality = j.ordinality and s.state is not null
        join unnest(v_items) as i on i.item_id = (j.payload ->> 'item')::uuid
    ),

    taken as (
        update stock.item as i
        set available = i.available - s.qty, sold = i.sold + s.qty
        from (
            select
                d.item_id,
                sum(d.qty) as qty
            from decided as d
            where d.state = 'sold'
            group by d.item_id
        ) as s
        where i.tenant_id = v_tenant and i.item_id = s.item_id
    ),

    kept as (
        insert into stock.purchase (tenant_id, order_key, item_id, qty, state, reason, price, available, ordered_at, decided_at)
        select v_tenant, d.key, d.item_id, d.qty, d.state, d.reason, d.price, d.available, d.enqueued_at, v_now
        from decided as d
    )

    -- the audit rows have the actor, the login and the request of the order
    insert into core.audit_log (tenant_id, recorded_on, recorded_at, actor, login, action, subject, detail, request_id)
    select
        v_tenant,
        core.utc_day(v_now),
        v_now,
        d.actor,
        d.login,
        'stock.purchase',
        d.key,
        jsonb_build_object('item', d.item_id, 'qty', d.qty, 'state', d.state, 'reason', d.reason),
        d.request_id
    from decided as d;
    get diagnostics v_decided = row_count;

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
