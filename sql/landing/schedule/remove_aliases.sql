-- Deletes aliases of games of the tenant, for the loader, which has no right to delete (see contest.remove_rows).
create or replace function landing.remove_aliases(p_aliases text[])
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_count bigint;
begin
    delete from landing.game_alias as a where a.tenant_id = v_tenant and a.alias_key = any (p_aliases);
    get diagnostics v_count = row_count;
    return v_count;
end;
$$;

comment on function landing.remove_aliases(text[]) is
'Returns the number of deleted aliases. Errors: 42501 when no tenant is set.';

grant execute on function landing.remove_aliases(text[]) to stanchion_loader;

-- revert: drop function landing.remove_aliases(text[]);
