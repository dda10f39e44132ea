-- Creates a tenant. For operators.
create or replace function core.create_tenant(p_slug text, p_name text, p_kind text)
returns uuid
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid;
begin
    insert into core.tenant as t (slug, name, kind)
    values (p_slug, p_name, p_kind)
    returning t.tenant_id into v_tenant;
    perform core.set_local('app.tenant_id', v_tenant::text);
    perform core.write_audit('tenant.create', p_slug, jsonb_build_object('name', p_name, 'kind', p_kind));
    return v_tenant;
end;
$$;

comment on function core.create_tenant(text, text, text) is
'Returns the id of the new tenant, which becomes the tenant of the transaction. Errors: 23505 when the slug is taken; 23514 when the slug or the kind is invalid.';

-- revert: drop function core.create_tenant(text, text, text);
