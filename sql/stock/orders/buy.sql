-- Buys at once: one guarded update takes the units or takes none, and its row lock lasts until the caller commits. For
-- items in high demand use stock.enqueue_buy.
create or replace function stock.buy(p_item uuid, p_qty integer, p_key text, out state text, out reason text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz;
    v_price numeric;
    v_available bigint;
    v_attempt integer;
begin
    select c.state, c.reason, c.attempt into state, reason, v_attempt
    from stock.claim_order(p_item, p_qty, p_key, '30 seconds') as c;
    if state is not null then
        return;
    end if;
    update stock.item as i
    set available = i.available - p_qty, sold = i.sold + p_qty
    where i.tenant_id = v_tenant and i.item_id = p_item and i.available >= p_qty
    returning i.price, i.available into v_price, v_available;
    if found then
        state := 'sold';
    else
        state := 'refused';
        reason := 'out of stock';
        select i.price, i.available into v_price, v_available
        from stock.item as i
        where i.tenant_id = v_tenant and i.item_id = p_item;
    end if;
    v_now := core.clock();
    insert into stock.purchase (tenant_id, order_key, item_id, qty, state, reason, price, available, ordered_at, decided_at)
    values (v_tenant, p_key, p_item, p_qty, buy.state, buy.reason, v_price, v_available, v_now, v_now);
    perform core.write_audit(
        'stock.purchase', p_key, jsonb_build_object('item', p_item, 'qty', p_qty, 'state', state, 'reason', reason)
    );
    perform core.complete_key(p_key, v_attempt, 200, stock.answer(state, reason));
end;
$$;

comment on function stock.buy(uuid, integer, text) is
'Returns sold; refused, with the reason; mismatch, when the key belongs to another order; or queued, when the order waits in the queue. One key is permanently one order. Errors: 22023 when the quantity or the key is invalid; P0002 when the item does not exist; 42501 when no tenant is set.';

grant execute on function stock.buy(uuid, integer, text) to stanchion_app;

-- revert: drop function stock.buy(uuid, integer, text);
