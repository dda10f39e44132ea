-- Ends what grant_analyst began, at once: policies ask the grants at every query. For operators.
create or replace function core.revoke_analyst(p_role_name text)
returns boolean
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from core.analyst_grant as g
    where g.role_name = p_role_name and g.tenant_id = core.required_tenant();
    if not found then
        return false;
    end if;
    perform core.write_audit('analyst.revoke', p_role_name);
    return true;
end;
$$;

comment on function core.revoke_analyst(text) is
'False when the login could not read the tenant anyway. Raises 42501 without a tenant.';

-- revert: drop function core.revoke_analyst(text);
