-- Forgets a dataset.
create or replace function workspace.delete_dataset(p_dataset uuid)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform core.require_editor();
    delete from workspace.dataset as d where d.tenant_id = core.required_tenant() and d.dataset_id = p_dataset;
    if not found then
        return false;
    end if;
    perform workspace.touch(core.clock());
    perform core.write_audit('dataset.delete', p_dataset::text);
    return true;
end;
$$;

comment on function workspace.delete_dataset(uuid) is
'False when there is no such dataset. Raises 42501 for who may not write, or without a tenant.';

grant execute on function workspace.delete_dataset(uuid) to stanchion_app;

-- revert: drop function workspace.delete_dataset(uuid);
