-- Deletes a document permanently.
create or replace function workspace.delete_document(p_document uuid)
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
    delete from workspace.document as d where d.tenant_id = v_tenant and d.document_id = p_document;
    if not found then
        return false;
    end if;
    perform workspace.touch(core.clock());
    perform core.write_audit('document.delete', p_document::text);
    return true;
end;
$$;

comment on function workspace.delete_document(uuid) is
'Returns whether the document existed. Errors: 42501 when the principal may not write or no tenant is set.';

grant execute on function workspace.delete_document(uuid) to stanchion_app;

-- revert: drop function workspace.delete_document(uuid);
