-- Saves a new dataset, or the new name and size of an existing one.
create or replace function workspace.save_dataset(p_name text, p_rows bigint, p_bytes bigint, p_dataset uuid default null)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz := core.clock();
    v_dataset uuid;
begin
    perform core.require_editor();
    if p_dataset is null then
        insert into workspace.dataset (tenant_id, name, row_count, byte_count, updated_at)
        values (v_tenant, p_name, p_rows, p_bytes, v_now)
        returning dataset_id into v_dataset;
    else
        update workspace.dataset as d
        set name = p_name, row_count = p_rows, byte_count = p_bytes, updated_at = v_now
        where d.tenant_id = v_tenant and d.dataset_id = p_dataset
        returning d.dataset_id into v_dataset;
        if not found then
            raise exception 'dataset % does not exist', p_dataset using errcode = 'P0002';
        end if;
    end if;
    perform workspace.touch(v_now);
    perform core.write_audit('dataset.save', v_dataset::text, jsonb_build_object('rows', p_rows, 'bytes', p_bytes));
    return v_dataset;
end;
$$;

comment on function workspace.save_dataset(text, bigint, bigint, uuid) is
'Returns the id of the dataset. Errors: P0002 when it does not exist; 42501 when the principal may not write or no tenant is set; 23514 when the name or size is invalid.';

grant execute on function workspace.save_dataset(text, bigint, bigint, uuid) to stanchion_app;

-- revert: drop function workspace.save_dataset(text, bigint, bigint, uuid);
