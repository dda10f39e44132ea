-- Lets another session work for a load: it is not reaped while that session lives.
create or replace function landing.join_load(p_load_id bigint)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if not pg_try_advisory_lock_shared(landing.load_lock(p_load_id)) then
        raise exception 'load % is being ended', p_load_id using errcode = '55006';
    end if;
    -- after the lock: who ends a load looks at the lock first
    if not exists (
        select from landing.load_batch as b
        where b.tenant_id = core.required_tenant() and b.load_id = p_load_id and b.state = 'running'
    ) then
        perform pg_advisory_unlock_shared(landing.load_lock(p_load_id));
        raise exception 'load % is not running', p_load_id using errcode = '55000';
    end if;
end;
$$;

comment on function landing.join_load(bigint) is
'Shares the lock of a running load of the tenant with this session. Raises 55000 when it is over or not the tenant''s, 55006 while it is being ended.';

grant execute on function landing.join_load(bigint) to stanchion_loader;

-- revert: drop function landing.join_load(bigint);
