-- Puts an item on sale.
create or replace function stock.add_item(p_name text, p_price numeric, p_available bigint)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz := core.clock();
    v_item uuid;
begin
    insert into stock.item (tenant_id, name, price, received, available)
    values (v_tenant, p_name, p_price, p_available, p_available)
    returning item_id into v_item;
    insert into stock.movement (tenant_id, item_id, kind, qty, available, moved_at)
    values (v_tenant, v_item, 'added', p_available, p_available, v_now);
    perform core.write_audit('stock.add', v_item::text, jsonb_build_object('name', p_name, 'price', p_price, 'qty', p_available));
    return v_item;
end;
$$;

comment on function stock.add_item(text, numeric, bigint) is
'Returns the id of the new item. Errors: 23514 when the price is not positive or the stock is negative; 42501 when no tenant is set.';

grant execute on function stock.add_item(text, numeric, bigint) to stanchion_app;

-- revert: drop function stock.add_item(text, numeric, bigint);
