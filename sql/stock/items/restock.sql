-- Adds to the stock of an item, once for each key.
create or replace function stock.restock(p_item uuid, p_qty integer, p_key text, out state text, out available bigint)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_claim record;
begin
    if (p_qty between 1 and 1000000) is not true then
        raise exception 'a delivery is of 1 to 1,000,000' using errcode = '22023';
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
    where i.tenant_id = core.required_tenant() and i.item_id = p_item
    returning i.available into available;
    if not found then
        raise exception 'there is no such item' using errcode = 'P0002';
    end if;
    state := 'restocked';
    insert into stock.movement (tenant_id, item_id, kind, qty, available, moved_at)
    values (core.required_tenant(), p_item, 'restocked', p_qty, available, core.clock());
    perform core.write_audit('stock.restock', p_item::text, jsonb_build_object('qty', p_qty, 'available', available));
    perform core.complete_key(p_key, v_claim.attempt, 200, convert_to(available::text, 'UTF8'));
end;
$$;

comment on function stock.restock(uuid, integer, text) is
'restocked, with what was available then; mismatch when the key was for something else. Raises 22023 for a quantity that cannot be, P0002 for an item that there is not, 42501 without a tenant, and what core.claim_key raises.';

grant execute on function stock.restock(uuid, integer, text) to stanchion_app;

-- revert: drop function stock.restock(uuid, integer, text);
