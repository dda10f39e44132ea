-- Ends the access of a login at once: policies check the grants at every query. For operators.
create or replace function core.revoke_analyst(p_role_name text)
returns boolean
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
begin
    perform core.replan_for_analysts();
    delete from core.analyst_grant as g
    where g.role_name = p_role_name and g.tenant_id = v_tenant;
    if not found then
        return false;
    end if;
    perform core.write_audit('analyst.revoke', p_role_name);
    return true;
end;
$$;

comment on function core.revoke_analyst(text) is
'Returns whether the login could read the tenant before. Errors: 42501 when no tenant is set.';

-- revert: drop function core.revoke_analyst(text);
