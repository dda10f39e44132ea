-- Writes a document: a new one, or the next version of the one that the writer saw.
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
    v_tenant uuid := core.required_tenant();
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
            raise exception 'there is no such document' using errcode = 'P0002';
        elsif p_version is distinct from v_have then
            raise exception 'the document is at version %, not %', v_have, p_version using errcode = '40001';
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
'The document and its version now. Raises 40001 when somebody else saved it meanwhile, P0002 for a document that there is not, 42501 for who may not write or without a tenant, 23514 for a name, body or tag that cannot be.';

grant execute on function workspace.save_document(text, text, text[], uuid, integer) to stanchion_app;

-- revert: drop function workspace.save_document(text, text, text[], uuid, integer);
