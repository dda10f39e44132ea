-- What buy and enqueue_buy begin with: is the order one that can be, and was it made before?
--
-- A key that core.claim_key has forgotten is looked up among the purchases, so that it is one purchase for
-- ever. An order of two days in a row with one key is therefore the first one.
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
    v_tenant uuid := core.required_tenant();
    v_claim record;
    v_answer jsonb;
    v_purchase stock.purchase;
begin
    if (p_qty between 1 and 1000000) is not true then
        raise exception 'an order is of 1 to 1,000,000' using errcode = '22023';
    elsif (length(p_key) between 1 and 200) is not true then
        raise exception 'the key of an order has 1 to 200 characters' using errcode = '22023';
    end if;
    if not exists (select 1 from stock.item as i where i.tenant_id = v_tenant and i.item_id = p_item) then
        raise exception 'there is no such item' using errcode = 'P0002';
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
        -- a range, so that there is an order which only the primary key has: this may be planned while the
        -- table is empty, and every index looks as good as another
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
            state := 'queued';  -- whoever buys at once claims and answers in one transaction
        end if;
    end if;
end;
$$;

comment on function stock.claim_order(uuid, integer, text, interval) is
'The state and reason of an order with this key, or a state of null and the attempt that now holds the key. Raises 22023 for a quantity or key that cannot be, P0002 for an item that there is not, 42501 without a tenant, and what core.claim_key raises.';

-- What is kept with the key of an order, for whoever asks again.
create or replace function stock.answer(p_state text, p_reason text)
returns bytea
language sql
immutable
parallel safe
return convert_to(json_strip_nulls(json_build_object('state', p_state, 'reason', p_reason))::text, 'UTF8');

comment on function stock.answer(text, text) is 'The state and reason of an order as JSON.';

-- revert: drop function stock.answer(text, text);
-- revert: drop function stock.claim_order(uuid, integer, text, interval);
