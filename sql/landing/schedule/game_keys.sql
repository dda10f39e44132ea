-- Returns the ids under which the revisions of a game were loaded: its own and its aliases. An alias has none, because
-- its revisions belong to the game.
--
-- In an array, so that a condition on the key of a revision is an index scan whatever the statistics.
create or replace function landing.game_keys(p_game_key text)
returns text[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.current_tenant();
begin
    if exists (
        select from landing.game_alias as a
        where a.tenant_id = v_tenant and a.alias_key = p_game_key
    ) then
        return array[]::text[];
    end if;
    return array(
        select a.alias_key
        from landing.game_alias as a
        where a.tenant_id = v_tenant and a.game_key = p_game_key
    ) || p_game_key;
end;
$$;

comment on function landing.game_keys(text) is
'Returns the ids of the revisions of a game of the current tenant; none for an alias of another game.';

grant execute on function landing.game_keys(text) to stanchion_loader;

-- revert: drop function landing.game_keys(text);
