-- Lets a database login read the tenant of the session. For operators.
create or replace function core.grant_analyst(p_role_name text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into core.analyst_grant (role_name, tenant_id)
    values (p_role_name, core.required_tenant())
    on conflict on constraint analyst_grant_pk do nothing;
    if found then
        perform core.write_audit('analyst.grant', p_role_name);
    end if;
end;
$$;

comment on function core.grant_analyst(text) is
'Lets the login read the tenant; once is enough. Raises 42501 without a tenant.';

-- revert: drop function core.grant_analyst(text);
