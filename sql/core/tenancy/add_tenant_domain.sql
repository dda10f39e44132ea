-- Gives the tenant of the session a host name. For operators.
create or replace function core.add_tenant_domain(p_domain text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into core.tenant_domain (domain, tenant_id) values (lower(p_domain), core.required_tenant());
    perform core.write_audit('domain.add', lower(p_domain));
end;
$$;

comment on function core.add_tenant_domain(text) is
'Makes the host name that of the tenant. Raises 23505 when somebody has it, 23514 when it is not a host name, 42501 without a tenant.';

-- revert: drop function core.add_tenant_domain(text);
