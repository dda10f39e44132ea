-- Suspends or resumes the tenant of the session. For operators.
create or replace function core.set_tenant_status(p_status text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
begin
    perform core.replan_for_analysts();
    update core.tenant as t set status = p_status where t.tenant_id = v_tenant;
    perform core.write_audit('tenant.status', p_status);
end;
$$;

comment on function core.set_tenant_status(text) is
'Returns nothing. Sets the status of the tenant: active or suspended. Errors: 23514 for another status; 42501 when no tenant is set.';

-- revert: drop function core.set_tenant_status(text);
