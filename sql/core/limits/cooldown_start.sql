-- Starts the cooldown of an action unless it is already running. Of two concurrent callers the row lock makes one wait,
-- which then finds the cooldown running. Security definer: cooldowns are written only here.
create or replace function core.cooldown_start(p_action text, p_window interval)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz := core.clock();
    v_free_since timestamptz;
    v_is_free boolean;
begin
    if p_window is null or p_window <= '0' then
        raise exception 'the window of a cooldown must be positive, not %', coalesce(p_window::text, 'null') using errcode = '22023';
    end if;
    v_free_since := v_now - p_window;
    insert into core.cooldown as c (tenant_id, action, taken_at)
    values (v_tenant, p_action, v_now)
    on conflict on constraint cooldown_pk do update set taken_at = excluded.taken_at
    where c.taken_at <= v_free_since;
    if core.clock() < v_now + interval '10 milliseconds' then
        return found;
    end if;
    -- after a wait for another caller the time is read again; this statement does not wait, since the row is locked by now
    v_is_free := found;
    v_now := core.clock();
    v_free_since := v_now - p_window;
    update core.cooldown as c
    set taken_at = v_now
    where c.tenant_id = v_tenant and c.action = p_action and (c.taken_at <= v_free_since or v_is_free);
    return found;
end;
$$;

comment on function core.cooldown_start(text, interval) is
'Returns true when the action was free; it is now blocked for the length of the window. Returns false while it is blocked. Errors: 22023 when the window is not positive; 42501 when no tenant is set.';

grant execute on function core.cooldown_start(text, interval) to stanchion_app, stanchion_loader;

-- revert: drop function core.cooldown_start(text, interval);
