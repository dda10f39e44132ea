-- Deletes one of the favourites of the acting principal. Security definer: an application has no right to delete, since that
-- right includes locking the table against every tenant.
create or replace function workspace.remove_favourite(p_favourite uuid)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_principal uuid := core.current_principal();
begin
    delete from workspace.favourite as r
    where r.tenant_id = v_tenant and r.principal_id = v_principal and r.favourite_id = p_favourite;
    return found;
end;
$$;

comment on function workspace.remove_favourite(uuid) is
'Returns whether the acting principal had the favourite, which is now deleted; false without a principal. Errors: 42501 when no tenant is set.';

grant execute on function workspace.remove_favourite(uuid) to stanchion_app;

-- revert: drop function workspace.remove_favourite(uuid);
