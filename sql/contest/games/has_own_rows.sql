-- Calls contest.has_rows for a game of the tenant of the transaction. For loaders.
create or replace function contest.has_own_rows(p_played_on date, p_game_key text)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return contest.has_rows(core.required_tenant(), p_played_on, p_game_key);
end;
$$;

comment on function contest.has_own_rows(date, text) is
'Returns whether the rows of a published game of the tenant exist; false once they have expired. Errors: 42501 when no tenant is set.';

grant execute on function contest.has_own_rows(date, text) to stanchion_loader;

-- revert: drop function contest.has_own_rows(date, text);
