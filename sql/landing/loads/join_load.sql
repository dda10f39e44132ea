-- Adds the session to a load: the load is not reaped while the session lives.
create or replace function landing.join_load(p_load_id bigint)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
begin
    if not pg_try_advisory_lock_shared(landing.load_lock(p_load_id)) then
        raise exception 'load % is ending', p_load_id using errcode = '55006';
    end if;
    -- checked after the lock, because a session that ends a load checks the lock first
    if not exists (
        select from landing.load_batch as b
        where b.tenant_id = v_tenant and b.load_id = p_load_id and b.state = 'running'
    ) then
        perform pg_advisory_unlock_shared(landing.load_lock(p_load_id));
        raise exception 'load % is not running', p_load_id using errcode = '55000';
    end if;
end;
$$;

comment on function landing.join_load(bigint) is
'Returns nothing. Shares the lock of a running load of the tenant. Errors: 55000 when the load is over or belongs to another tenant; 55006 while it is ending.';

grant execute on function landing.join_load(bigint) to stanchion_loader;

-- revert: drop function landing.join_load(bigint);
