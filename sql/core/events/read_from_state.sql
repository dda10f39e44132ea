-- Returns everything that is needed to rebuild a stream: its last saved state, then every event after it.
create or replace function core.read_from_state(p_type text, p_stream text)
returns table (version bigint, event_type text, payload jsonb)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_state_version bigint;
begin
    select s.state_version, 'state', s.state
    into v_state_version, event_type, payload
    from core.event_stream as s
    where s.tenant_id = v_tenant and s.stream_type = p_type and s.stream_id = p_stream;
    if v_state_version > 0 then
        version := v_state_version;
        return next;
    end if;
    return query
    select e.version, e.event_type, e.payload
    from core.read_stream(p_type, p_stream, coalesce(v_state_version, 0) + 1, 2147483647) as e;
end;
$$;

comment on function core.read_from_state(text, text) is
'Returns a row of type state when a state was saved, then the events after it in order. Errors: 42501 when no tenant is set.';

grant execute on function core.read_from_state(text, text) to stanchion_app, stanchion_loader;

-- revert: drop function core.read_from_state(text, text);
