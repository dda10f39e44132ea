-- Starts the cooldown of an action unless it is already running. Of two concurrent callers the row lock makes one wait,
-- which then finds the cooldown running. Security definer: cooldowns are written only here.
create or replace function core.cooldown_start(p_action text, p_window interval)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_window is null or p_window <= '0' then
        raise exception 'the window of a cooldown must be positive, not %', coalesce(p_window::text, 'null') using errcode = '22023';
    end if;
    insert into core.cooldown as c (tenant_id, action, taken_at)
    values (core.required_tenant(), p_action, core.clock())
    on conflict on constraint cooldown_pk do update set taken_at = core.clock()
    where c.taken_at <= core.clock() - p_window;
    return found;
end;
$$;

comment on function core.cooldown_start(text, interval) is
'Returns true when the action was free; it is now blocked for the length of the window. Returns false while it is blocked. Errors: 22023 when the window is not positive; 42501 when no tenant is set.';

grant execute on function core.cooldown_start(text, interval) to stanchion_app, stanchion_loader;

-- revert: drop function core.cooldown_start(text, interval);
