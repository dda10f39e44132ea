-- Returns the role of the acting principal. Security definer: a policy on core.membership may call it without recursion.
create or replace function core.member_role()
returns text
language plpgsql
stable
parallel restricted
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.current_tenant();
    v_principal uuid := core.current_principal();
    v_role text;
begin
    if v_tenant is null or v_principal is null then
        return null;
    end if;
    select m.role into v_role
    from core.membership as m
    where m.tenant_id = v_tenant and m.principal_id = v_principal and m.is_active;
    return v_role;
end;
$$;

comment on function core.member_role() is
'Returns the active role of the acting principal (owner, admin, editor or viewer); null when there is none.';

grant execute on function core.member_role() to stanchion_app;

-- revert: drop function core.member_role();
