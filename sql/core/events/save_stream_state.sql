-- Keeps what a stream had come to at a version. Events up to it may then expire.
create or replace function core.save_stream_state(p_type text, p_stream text, p_version bigint, p_state jsonb)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
begin
    update core.event_stream as s
    set state_version = p_version, state = p_state
    where s.tenant_id = v_tenant
        and s.stream_type = p_type
        and s.stream_id = p_stream
        and s.state_version < p_version;
    return found;
end;
$$;

comment on function core.save_stream_state(text, text, bigint, jsonb) is
'True when the snapshot was kept; false when there is a later one, or no such stream. Raises 23514 for a version that is not there yet and for a state of null, 42501 without a tenant.';

grant execute on function core.save_stream_state(text, text, bigint, jsonb) to stanchion_app, stanchion_loader;

-- revert: drop function core.save_stream_state(text, text, bigint, jsonb);
