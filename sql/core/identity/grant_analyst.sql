-- Lets a database login read the tenant of the session. For operators.
create or replace function core.grant_analyst(p_role_name text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_role oid := to_regrole(quote_ident(p_role_name))::oid;
begin
    perform core.replan_for_analysts();
    if v_role is null then
        raise exception 'login % does not exist', p_role_name using errcode = '42704';
    end if;
    insert into core.analyst_grant as g (role_name, role_id, tenant_id)
    values (p_role_name, v_role, v_tenant)
    on conflict on constraint analyst_grant_pk do update
    set role_id = excluded.role_id, granted_at = excluded.granted_at, granted_by = excluded.granted_by
    where g.role_id <> excluded.role_id;
    if found then
        perform core.write_audit('analyst.grant', p_role_name);
    end if;
end;
$$;

comment on function core.grant_analyst(text) is
'Returns nothing. Lets the login read the tenant; a second call changes nothing. Errors: 42704 when the login does not exist; 42501 when no tenant is set.';

-- revert: drop function core.grant_analyst(text);
