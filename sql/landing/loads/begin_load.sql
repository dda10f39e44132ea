-- Begins a load. Its row is visible to all sessions once the caller commits, before any of its data.
--
-- Only one load begins at a time, until its commit. So a reader that sees a load id sees every lower one, and the lowest
-- running id is a horizon below which no data is still to come. The session shares the lock of the load until the session
-- ends or releases it.
create or replace function landing.begin_load(p_kind text, p_source text)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_login text := session_user;
    v_now timestamptz;
    v_load bigint;
begin
    perform landing.reap_loads();
    perform pg_advisory_xact_lock(hashtextextended('stanchion begins a load', 0));
    v_load := landing.next_load_id();
    v_now := core.clock();
    perform pg_advisory_lock_shared(landing.load_lock(v_load));
    insert into landing.load_batch (tenant_id, load_id, kind, source, started_at, started_by)
    values (v_tenant, v_load, p_kind, p_source, v_now, v_login);
    return v_load;
end;
$$;

comment on function landing.begin_load(text, text) is
'Returns the id of a new load of the tenant; commit before loading anything. Errors: 42501 when no tenant is set; 23514 for an unknown kind.';

grant execute on function landing.begin_load(text, text) to stanchion_loader;

-- revert: drop function landing.begin_load(text, text);
