-- Adds a host name to the tenant of the session. For operators.
create or replace function core.add_tenant_domain(p_domain text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
begin
    insert into core.tenant_domain (domain, tenant_id) values (lower(p_domain), v_tenant);
    perform core.write_audit('domain.add', lower(p_domain));
end;
$$;

comment on function core.add_tenant_domain(text) is
'Returns nothing. Adds the host name to the tenant. Errors: 23505 when a tenant already has the host name; 23514 when it is not a host name; 42501 when no tenant is set.';

-- revert: drop function core.add_tenant_domain(text);
