-- One item that everybody wants, and the purchase that fulfil_batch is compared with: the row is locked first,
-- then looked at, then written. It keeps the same records and is under no policies.
insert into stock.item (tenant_id, item_id, name, price, received, available)
select t.tenant_id, '00000000-0000-0000-0000-000000000001', 'Hot', 1, 1000000000000, 1000000000000
from core.tenant as t;

create function public.buy_for_update(p_item uuid, p_qty integer, p_key text) returns text
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_claim record;
    v_item stock.item;
    v_state text;
begin
    select c.* into v_claim from core.claim_key(p_key, sha256(convert_to(p_item::text || p_qty, 'UTF8'))) as c;
    if v_claim.outcome <> 'claimed' then
        return v_claim.outcome;
    end if;
    select i.* into v_item from stock.item as i where i.tenant_id = v_tenant and i.item_id = p_item for update;
    v_state := case when v_item.available >= p_qty then 'sold' else 'refused' end;
    if v_state = 'sold' then
        update stock.item as i
        set available = v_item.available - p_qty, sold = v_item.sold + p_qty
        where i.tenant_id = v_tenant and i.item_id = p_item;
    end if;
    insert into stock.purchase (tenant_id, order_key, item_id, qty, state, reason, price, available, ordered_at, decided_at)
    values (
        v_tenant, p_key, p_item, p_qty, v_state, case when v_state = 'refused' then 'out of stock' end, v_item.price,
        v_item.available - case when v_state = 'sold' then p_qty else 0 end, clock_timestamp(), clock_timestamp()
    );
    perform core.write_audit('stock.purchase', p_key, jsonb_build_object('item', p_item, 'qty', p_qty, 'state', v_state));
    perform core.complete_key(p_key, v_claim.attempt, 200, convert_to(v_state, 'UTF8'));
    return v_state;
end;
$$;
grant execute on function public.buy_for_update(uuid, integer, text) to stanchion_app;

create function public.take(p_qty integer) returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update stock.item as i
    set available = i.available - p_qty, sold = i.sold + p_qty
    where i.tenant_id = core.current_tenant() and i.item_id = '00000000-0000-0000-0000-000000000001' and i.available >= p_qty;
end;
$$;
grant execute on function public.take(integer) to stanchion_app
