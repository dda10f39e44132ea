-- Adds to the stock of an item, once per key.
create or replace function stock.restock(p_item uuid, p_qty integer, p_key text, out state text, out available bigint)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz;
    v_claim record;
begin
    if (p_qty between 1 and 1000000) is not true then
        raise exception 'a delivery must be of 1 to 1000000 units, not %', coalesce(p_qty::text, 'null') using errcode = '22023';
    end if;
    select c.* into v_claim
    from core.claim_key(p_key, sha256(convert_to(format('restock %s %s', p_item, p_qty), 'UTF8'))) as c;
    if v_claim.outcome = 'replay' then
        state := 'restocked';
        available := convert_from(v_claim.response_body, 'UTF8')::bigint;
        return;
    elsif v_claim.outcome not in ('claimed', 'takeover') then
        state := v_claim.outcome;
        return;
    end if;
    update stock.item as i
    set received = i.received + p_qty, available = i.available + p_qty
    where i.tenant_id = v_tenant and i.item_id = p_item
    returning i.available into available;
    if not found then
        raise exception 'item % does not exist', p_item using errcode = 'P0002';
    end if;
    state := 'restocked';
    v_now := core.clock();
    insert into stock.movement (tenant_id, item_id, kind, qty, available, moved_at)
    values (v_tenant, p_item, 'restocked', p_qty, available, v_now);
    perform core.write_audit('stock.restock', p_item::text, jsonb_build_object('qty', p_qty, 'available', available));
    perform core.complete_key(p_key, v_claim.attempt, 200, convert_to(available::text, 'UTF8'));
end;
$$;

comment on function stock.restock(uuid, integer, text) is
'Returns restocked with the units available then; mismatch when the key belongs to another request. Errors: 22023 when the quantity is invalid; P0002 when the item does not exist; 42501 when no tenant is set; those of core.claim_key.';

grant execute on function stock.restock(uuid, integer, text) to stanchion_app;

-- revert: drop function stock.restock(uuid, integer, text);
