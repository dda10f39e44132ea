-- Puts an order into the queue, where a worker decides fifty at a time: for items that many want at once.
--
-- The key stays claimed while the order waits, and whoever asks again is told so. Past the depth of the
-- queue nothing is claimed, so that the same order may be tried again.
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
'queued; sold or refused when it was decided before; mismatch: the key was for another order; overloaded: too many wait, try again later. Raises 22023 for a quantity or key that cannot be, P0002 for an item that there is not, 42501 without a tenant.';

grant execute on function stock.enqueue_buy(uuid, integer, text) to stanchion_app;

-- revert: drop function stock.enqueue_buy(uuid, integer, text);
