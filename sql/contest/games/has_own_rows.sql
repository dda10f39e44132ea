-- For a loader, contest.has_rows of its own game: whom it acts for is what its transaction says.
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
'Whether the rows of a published game of the tenant are there; false once they have expired. Raises 42501 without a tenant.';

grant execute on function contest.has_own_rows(date, text) to stanchion_loader;

-- revert: drop function contest.has_own_rows(date, text);
