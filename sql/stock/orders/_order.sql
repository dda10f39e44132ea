-- Checks an order and claims its key, for stock.buy and stock.enqueue_buy.
--
-- A key that core.claim_key has forgotten is looked up among the purchases, so that it is permanently one purchase. An
-- order that reuses a key of an earlier day is therefore the earlier order.
create or replace function stock.claim_order(
    p_item uuid,
    p_qty integer,
    p_key text,
    p_lease interval,
    out state text,
    out reason text,
    out attempt integer
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_claim record;
    v_answer jsonb;
    v_purchase stock.purchase;
begin
    if (p_qty between 1 and 1000000) is not true then
        raise exception 'an order must be of 1 to 1000000 units, not %', coalesce(p_qty::text, 'null') using errcode = '22023';
    elsif (length(p_key) between 1 and 200) is not true then
        raise exception 'the key of an order must have 1 to 200 characters' using errcode = '22023';
    end if;
    perform 1 from stock.item as i where i.tenant_id = v_tenant and i.item_id = p_item;
    if not found then
        raise exception 'item % does not exist', p_item using errcode = 'P0002';
    end if;
    select c.* into v_claim
    from core.claim_key(p_key, sha256(convert_to(format('order %s %s', p_item, p_qty), 'UTF8')), p_lease) as c;
    attempt := v_claim.attempt;
    if v_claim.outcome = 'mismatch' then
        state := 'mismatch';
    elsif v_claim.outcome = 'replay' then
        v_answer := convert_from(v_claim.response_body, 'UTF8')::jsonb;
        state := v_answer ->> 'state';
        reason := v_answer ->> 'reason';
    else
        -- a range with an order that only the primary key has: the statement may be planned while the table is empty and
        -- every index seems equally good (see docs/planner.md)
        select p.* into v_purchase
        from stock.purchase as p
        where p.tenant_id = v_tenant and p.order_key between p_key and p_key
        order by p.order_key
        limit 1;
        if found then
            if v_purchase.item_id = p_item and v_purchase.qty = p_qty then
                state := v_purchase.state;
                reason := v_purchase.reason;
            else
                state := 'mismatch';
            end if;
            perform core.complete_key(p_key, attempt, 200, stock.answer(state, reason));
        elsif v_claim.outcome = 'in_progress' then
            state := 'queued';  -- stock.buy claims and completes a key in one transaction, so this key is in the queue
        end if;
    end if;
end;
$$;

comment on function stock.claim_order(uuid, integer, text, interval) is
'Returns the state and reason of an earlier order with this key, or a state of null and the attempt that now holds the key. Errors: 22023 when the quantity or the key is invalid; P0002 when the item does not exist; 42501 when no tenant is set; those of core.claim_key.';

-- Returns the response that is stored with the key of an order.
create or replace function stock.answer(p_state text, p_reason text)
returns bytea
language sql
immutable
parallel safe
return convert_to(json_strip_nulls(json_build_object('state', p_state, 'reason', p_reason))::text, 'UTF8');

comment on function stock.answer(text, text) is 'Returns the state and reason of an order as JSON.';

-- revert: drop function stock.answer(text, text);
-- revert: drop function stock.claim_order(uuid, integer, text, interval);
