-- Adds a person or program to the tenant. The caller is an owner or admin of the tenant (only owners add owners) or an
-- operator of the platform.
--
-- Security definer: memberships are written only by functions, so that principals cannot promote themselves.
create or replace function core.add_member(p_email text, p_display_name text, p_role text)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_acting text := core.member_role();
    v_principal uuid;
begin
    if not core.is_operator()
        and not coalesce(v_acting = 'owner' or (v_acting = 'admin' and p_role <> 'owner'), false)
    then
        raise exception 'only an owner or admin of the tenant may add members, and only an owner may add owners'
            using errcode = '42501';
    end if;
    insert into core.principal as p (tenant_id, email, display_name)
    values (v_tenant, lower(p_email), p_display_name)
    on conflict on constraint principal_email_unique do update set display_name = excluded.display_name
    returning p.principal_id into v_principal;
    insert into core.membership (tenant_id, principal_id, role)
    values (v_tenant, v_principal, p_role);
    perform core.write_audit('member.add', v_principal::text, jsonb_build_object('role', p_role));
    return v_principal;
end;
$$;

comment on function core.add_member(text, text, text) is
'Returns the principal of the new member. Errors: 42501 when the caller may not add the member; 23505 when the principal is already a member; 23514 for an unknown role.';

grant execute on function core.add_member(text, text, text) to stanchion_app;

-- revert: drop function core.add_member(text, text, text);
