-- Saves a new document, or the next version of the document that the writer saw.
create or replace function workspace.save_document(
    p_name text,
    p_body text,
    p_tags text[] default '{}',
    inout p_document uuid default null,
    inout p_version integer default null
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz := core.clock();
    v_have integer;
begin
    perform core.require_editor();
    if p_document is null then
        insert into workspace.document (tenant_id, name, body, tags, created_at, updated_at)
        values (v_tenant, p_name, p_body, p_tags, v_now, v_now)
        returning document_id, version into p_document, p_version;
    else
        select d.version into v_have
        from workspace.document as d
        where d.tenant_id = v_tenant and d.document_id = p_document
        for update;
        if not found then
            raise exception 'document % does not exist', p_document using errcode = 'P0002';
        elsif p_version is distinct from v_have then
            raise exception 'document % is at version %, expected %', p_document, v_have, p_version using errcode = '40001';
        end if;
        p_version := v_have + 1;
        update workspace.document as d
        set name = p_name, body = p_body, tags = p_tags, version = p_version, updated_at = v_now
        where d.tenant_id = v_tenant and d.document_id = p_document;
    end if;
    perform workspace.touch(v_now);
    perform core.write_audit('document.save', p_document::text, jsonb_build_object('version', p_version));
end;
$$;

comment on function workspace.save_document(text, text, text[], uuid, integer) is
'Returns the document and its new version. Errors: 40001 when another writer saved it since; P0002 when it does not exist; 42501 when the principal may not write or no tenant is set; 23514 when the name, body or a tag is invalid.';

grant execute on function workspace.save_document(text, text, text[], uuid, integer) to stanchion_app;

-- revert: drop function workspace.save_document(text, text, text[], uuid, integer);
