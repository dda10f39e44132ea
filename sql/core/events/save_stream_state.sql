-- Saves the state of a stream at a version. Events up to that version may then expire.
create or replace function core.save_stream_state(p_type text, p_stream text, p_version bigint, p_state jsonb)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
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
'Returns true when the state was saved; false when a later state exists or the stream does not. Errors: 23514 when the version is not reached yet or the state is null; 42501 when no tenant is set.';

grant execute on function core.save_stream_state(text, text, bigint, jsonb) to stanchion_app, stanchion_loader;

-- revert: drop function core.save_stream_state(text, text, bigint, jsonb);
