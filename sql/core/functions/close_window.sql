-- Writes down that a mart now holds every load of the window, in the transaction that wrote its rows.
--
-- A window of one tenant moves nothing, since the others' loads are not in the mart; neither does a view,
-- which has no window. And a mart is never set back, also not by a build that began with an older horizon.
create or replace function core.close_window(p_model text, p_definition text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_load_id bigint := 0;
begin
    if core.window_tenant() is null and core.window_high() <> 9223372036854775807 then
        v_load_id := greatest(core.window_high(), 0);
    end if;
    insert into core.stat_refresh as r (model, load_id, refreshed_at, definition)
    values (p_model, v_load_id, core.clock(), p_definition)
    on conflict (model) do update set
        load_id = greatest(r.load_id, excluded.load_id),
        refreshed_at = excluded.refreshed_at,
        definition = excluded.definition;
end;
$$;

comment on function core.close_window(text, text) is
'Moves a mart up to the end of the open window, unless that is of one tenant, and notes when and with which definition.';

grant execute on function core.close_window(text, text) to stanchion_builder;

-- revert: drop function core.close_window(text, text);
