-- Ends dead loads: those that are running while no session holds their lock.
--
-- An operator reaps the loads of every tenant, other callers those of their own, as the policy of the owner sets. A load
-- with a live session is not reaped, since the session could still commit games under its id. The locks of a load are on
-- the node of its tenant, so the loads of tenants at home on other nodes are skipped.
create or replace function landing.reap_loads()
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid;
    v_load bigint;
    v_own uuid := core.current_tenant();
    v_loads record;
    v_now timestamptz;
    v_reaped integer := 0;
begin
    -- without an operator, only the shard of the tenant is read
    if core.is_operator() then
        select array_agg(b.tenant_id order by b.load_id) as tenants, array_agg(b.load_id order by b.load_id) as ids into v_loads
        from landing.load_batch as b
        where b.state = 'running';
    else
        select array_agg(b.tenant_id order by b.load_id) as tenants, array_agg(b.load_id order by b.load_id) as ids into v_loads
        from landing.load_batch as b
        where b.tenant_id = v_own and b.state = 'running';
    end if;
    for v_tenant, v_load in select l.tenant_id, l.load_id from unnest(v_loads.tenants, v_loads.ids) as l (tenant_id, load_id) loop
        continue when not core.is_at_home(v_tenant);
        -- a session does not wait for its own lock, so the function checks whether this session works for the load
        if pg_try_advisory_xact_lock(landing.load_lock(v_load)) and not exists (
            select from pg_locks as l
            where l.locktype = 'advisory' and l.mode = 'ShareLock' and l.pid = pg_backend_pid() and l.objsubid = 1
                and l.classid::bigint = (landing.load_lock(v_load) >> 32) & 4294967295
                and l.objid::bigint = landing.load_lock(v_load) & 4294967295
        ) then
            v_now := core.clock();
            update landing.load_batch as b
            set state = 'reaped', finished_at = v_now
            where b.tenant_id = v_tenant and b.load_id = v_load and b.state = 'running';
            v_reaped := v_reaped + found::integer;
        end if;
    end loop;
    return v_reaped;
end;
$$;

comment on function landing.reap_loads() is
'Returns the number of dead loads that are now reaped: of every tenant for an operator, else of the tenant of the session.';

-- the builder ends the dead loads of each tenant before a build, so that they hold no build back
grant execute on function landing.reap_loads() to stanchion_loader, stanchion_builder;

-- revert: drop function landing.reap_loads();
