-- Returns the events that became visible between two snapshots: how a follower reads every event once.
--
-- A follower remembers a snapshot instead of a number. An event whose transaction was open in the first snapshot is read
-- when that transaction has committed, and events of other transactions do not wait for it. Versions of a stream commit
-- in their order, so each snapshot contains a first part of each stream. core.poll_events instead waits for the oldest
-- open transaction, because its consumers store one number.
--
-- An event is stored under its own transaction or a later one. So the events are after the oldest transaction that was
-- open in the first snapshot and has ended: the index is read from there. With a second lower bound it would be read
-- from its beginning.
create or replace function core.read_events_between(
    p_from pg_snapshot, p_to pg_snapshot, p_transaction xid8 default '0', p_position bigint default 0,
    p_limit integer default 1000
)
returns table (
    stream_type text, stream_id text, version bigint, event_type text, payload jsonb, recorded_at timestamptz,
    transaction_id xid8, event_position bigint, writer_id xid8
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_after xid8;
    v_position bigint := p_position;
begin
    select least(min(o.id), pg_snapshot_xmax(p_from)) into v_after
    from pg_snapshot_xip(p_from) as o (id)
    where pg_visible_in_snapshot(o.id, p_to);
    if p_transaction < v_after then
        v_position := -9223372036854775808;
    else
        v_after := p_transaction;
    end if;
    return query
    select e.stream_type, e.stream_id, e.version, e.event_type, e.payload, e.recorded_at, e.transaction_id, e.position,
        e.writer_id
    from core.event as e
    where e.tenant_id = v_tenant
        and (e.transaction_id, e.position) > (v_after, v_position)
        and e.transaction_id < pg_snapshot_xmax(p_to)
        and pg_visible_in_snapshot(e.writer_id, p_to)
        and not pg_visible_in_snapshot(e.writer_id, p_from)
    order by e.transaction_id, e.position
    limit p_limit;
end;
$$;

comment on function core.read_events_between(pg_snapshot, pg_snapshot, xid8, bigint, integer) is
'Returns the events of the tenant that are visible in the second snapshot but not in the first, each stream in its order, after a transaction and position. Errors: 42501 when no tenant is set.';

grant execute on function core.read_events_between(pg_snapshot, pg_snapshot, xid8, bigint, integer) to stanchion_app;

-- revert: drop function core.read_events_between(pg_snapshot, pg_snapshot, xid8, bigint, integer);
