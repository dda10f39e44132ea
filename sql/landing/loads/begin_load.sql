-- Begins a load: its row is there for everybody, once the caller commits, before any of its data is.
--
-- One begins at a time, up to the commit: so whoever sees a load id sees every lower one, and the lowest
-- running id is a horizon below which nothing is still to come. The session shares the lock of the load until
-- it ends or lets go of it.
create or replace function landing.begin_load(p_kind text, p_source text)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_load bigint;
begin
    perform landing.reap_loads();
    perform pg_advisory_xact_lock(hashtextextended('stanchion begins a load', 0));
    v_load := nextval('landing.load_id');
    perform pg_advisory_lock_shared(landing.load_lock(v_load));
    insert into landing.load_batch (tenant_id, load_id, kind, source) values (v_tenant, v_load, p_kind, p_source);
    return v_load;
end;
$$;

comment on function landing.begin_load(text, text) is
'Begins a load for the tenant and returns its id; commit before loading anything. Raises 42501 without a tenant, 23514 for an unknown kind.';

grant execute on function landing.begin_load(text, text) to stanchion_loader;

-- revert: drop function landing.begin_load(text, text);
