-- Takes an action that may be taken once in a window. The row lock makes one of two concurrent
-- callers wait and then see that it came too late. Security definer: cooldowns are written only here.
create or replace function core.cooldown_start(p_action text, p_window interval)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_window is null or p_window <= '0' then
        raise exception 'a cooldown takes some time' using errcode = '22023';
    end if;
    insert into core.cooldown as c (tenant_id, action, taken_at)
    values (core.required_tenant(), p_action, core.clock())
    on conflict on constraint cooldown_pk do update set taken_at = core.clock()
    where c.taken_at <= core.clock() - p_window;
    return found;
end;
$$;

comment on function core.cooldown_start(text, interval) is
'True when the action was free, which it now is not for the length of the window; false when not. Raises 22023 for a window that is none, 42501 without a tenant.';

grant execute on function core.cooldown_start(text, interval) to stanchion_app, stanchion_loader;

-- revert: drop function core.cooldown_start(text, interval);
