-- Records that a mart contains every change of the open window, in the transaction that wrote its rows.
--
-- A window of one tenant moves no position, because the changes of other tenants are not in the mart. Neither does a
-- view, which has no window. A position never decreases, not even by a build that began with an older horizon.
create or replace function core.close_window(p_model text, p_changes text, p_definition text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := core.clock();
    v_position bigint := 0;
begin
    if core.window_tenant() is null and core.window_high(p_changes) <> 9223372036854775807 then
        v_position := greatest(core.window_high(p_changes), 0);
    end if;
    insert into core.stat_refresh as r (model, changes, position, refreshed_at, definition)
    values (p_model, p_changes, v_position, v_now, p_definition)
    on conflict (model) do update set
        changes = excluded.changes,
        position = greatest(r.position, excluded.position),
        refreshed_at = excluded.refreshed_at,
        definition = excluded.definition;
end;
$$;

comment on function core.close_window(text, text, text) is
'Returns nothing. Sets the position of a mart to the end of the open window of its list of changes, unless the window is of one tenant, and stores the time and the definition.';

grant execute on function core.close_window(text, text, text) to stanchion_builder;

-- revert: drop function core.close_window(text, text, text);
