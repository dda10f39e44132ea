-- Deletes a dataset.
create or replace function workspace.delete_dataset(p_dataset uuid)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
begin
    perform core.require_editor();
    delete from workspace.dataset as d where d.tenant_id = v_tenant and d.dataset_id = p_dataset;
    if not found then
        return false;
    end if;
    perform workspace.touch(core.clock());
    perform core.write_audit('dataset.delete', p_dataset::text);
    return true;
end;
$$;

comment on function workspace.delete_dataset(uuid) is
'Returns whether the dataset existed. Errors: 42501 when the principal may not write or no tenant is set.';

grant execute on function workspace.delete_dataset(uuid) to stanchion_app;

-- revert: drop function workspace.delete_dataset(uuid);
