-- Returns the next events for a consumer: each stream in its order, and each event once.
--
-- Only events of transactions older than every open transaction are returned, so that an event which commits late is
-- returned later and never skipped. The events count as received when the caller commits.
create or replace function core.poll_events(p_consumer text, p_limit integer default 100)
returns table (
    stream_type text, stream_id text, version bigint, event_type text, payload jsonb, recorded_at timestamptz
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_horizon xid8 := pg_snapshot_xmin(pg_current_snapshot());
    v_after core.consumer;
    v_event record;
    v_now timestamptz;
begin
    insert into core.consumer (tenant_id, consumer)
    values (v_tenant, p_consumer)
    on conflict on constraint consumer_pk do nothing;
    select c.* into v_after
    from core.consumer as c
    where c.tenant_id = v_tenant and c.consumer = p_consumer
    for update;
    for v_event in
        select e.*
        from core.event as e
        where e.tenant_id = v_tenant
            and (e.transaction_id, e.position) > (v_after.transaction_id, v_after.position)
            and e.transaction_id < v_horizon
        order by e.transaction_id, e.position
        limit p_limit
    loop
        stream_type := v_event.stream_type;
        stream_id := v_event.stream_id;
        version := v_event.version;
        event_type := v_event.event_type;
        payload := v_event.payload;
        recorded_at := v_event.recorded_at;
        v_after.transaction_id := v_event.transaction_id;
        v_after.position := v_event.position;
        return next;
    end loop;
    v_now := core.clock();
    update core.consumer as c
    set transaction_id = v_after.transaction_id, position = v_after.position, polled_at = v_now
    where c.tenant_id = v_tenant and c.consumer = p_consumer;
end;
$$;

comment on function core.poll_events(text, integer) is
'Returns the next events of the tenant for this consumer, each once; no row when there is nothing new. Two polls of one consumer wait for each other. Errors: 42501 when no tenant is set; 40001 above READ COMMITTED when another poll came first.';

grant execute on function core.poll_events(text, integer) to stanchion_app, stanchion_loader;

-- revert: drop function core.poll_events(text, integer);
