-- Ends dead loads: those that are running while no session holds their lock.
--
-- An operator reaps the loads of every tenant, other callers those of their own, as the policy of the owner sets. A load
-- with a live session is not reaped, since the session could still commit games under its id.
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
    v_reaped integer := 0;
begin
    for v_tenant, v_load in
        select b.tenant_id, b.load_id from landing.load_batch as b where b.state = 'running' order by b.load_id
    loop
        -- a session does not wait for its own lock, so the function checks whether this session works for the load
        if pg_try_advisory_xact_lock(landing.load_lock(v_load)) and not exists (
            select from pg_locks as l
            where l.locktype = 'advisory' and l.mode = 'ShareLock' and l.pid = pg_backend_pid() and l.objsubid = 1
                and l.classid::bigint = (landing.load_lock(v_load) >> 32) & 4294967295
                and l.objid::bigint = landing.load_lock(v_load) & 4294967295
        ) then
            update landing.load_batch as b
            set state = 'reaped', finished_at = core.clock()
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
