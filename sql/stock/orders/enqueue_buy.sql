-- Enqueues an order. A job worker decides fifty orders at a time, for items in high demand.
--
-- The key stays claimed while the order waits, and repeated calls return queued. Beyond the depth of the queue no key is
-- claimed, so that the same order can be tried again.
create or replace function stock.enqueue_buy(p_item uuid, p_qty integer, p_key text, out state text, out reason text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_attempt integer;
begin
    if core.is_deeper('stock.orders', (core.setting('stock', 'queue_depth'))::integer - 1) then
        state := 'overloaded';
        return;
    end if;
    select c.state, c.reason, c.attempt into state, reason, v_attempt
    from stock.claim_order(p_item, p_qty, p_key, core.idempotency_window()) as c;
    if state is null then
        perform core.enqueue(
            'stock.orders', jsonb_build_object('item', p_item, 'qty', p_qty, 'key', p_key, 'attempt', v_attempt), p_key
        );
        state := 'queued';
    end if;
end;
$$;

comment on function stock.enqueue_buy(uuid, integer, text) is
'Returns queued; sold or refused, when the order was already decided; mismatch, when the key belongs to another order; or overloaded, when too many orders wait. Errors: 22023 when the quantity or the key is invalid; P0002 when the item does not exist; 42501 when no tenant is set.';

grant execute on function stock.enqueue_buy(uuid, integer, text) to stanchion_app;

-- revert: drop function stock.enqueue_buy(uuid, integer, text);
