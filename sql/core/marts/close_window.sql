-- Records that a mart contains every change of the open window, in the transaction that wrote its rows.
--
-- A window of one tenant moves no position, because the changes of other tenants are not in the mart. Neither does a
-- view, which has no window. A position never decreases, not even by a build that began with an older horizon.
--
-- The time of a mart increases with each call, so that it is a version (core.mart_versions). Servers that keep answers
-- listen to the channel stanchion_marts, whose notifications are empty, because every connected session may listen.
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
        refreshed_at = greatest(excluded.refreshed_at, r.refreshed_at + interval '1 microsecond'),
        definition = excluded.definition;
    perform pg_notify('stanchion_marts', '');
end;
$$;

comment on function core.close_window(text, text, text) is
'Returns nothing. Sets the position of a mart to the end of the open window of its list of changes, unless the window is of one tenant, stores the time and the definition, and notifies the channel stanchion_marts.';

grant execute on function core.close_window(text, text, text) to stanchion_builder;

-- revert: drop function core.close_window(text, text, text);
