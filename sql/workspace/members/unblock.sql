-- Deletes one of the blocks of the acting principal. Security definer: an application has no right to delete, since that
-- right includes locking the table against every tenant.
create or replace function workspace.unblock(p_blocked uuid)
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
    delete from workspace.block as r
    where r.tenant_id = v_tenant and r.principal_id = v_principal and r.blocked_id = p_blocked;
    return found;
end;
$$;

comment on function workspace.unblock(uuid) is
'Returns whether the acting principal had the block, which is now deleted; false without a principal. Errors: 42501 when no tenant is set.';

grant execute on function workspace.unblock(uuid) to stanchion_app;

-- revert: drop function workspace.unblock(uuid);
