-- Makes the invited person a member when the token and the address match and the plan has a free seat.
--
-- The row of the tenant is locked before seats are counted, so that the second of two concurrent calls counts the first.
-- Security definer: applications may not write memberships.
create or replace function workspace.accept_invitation(p_token text)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_email text := core.current_email();
    v_now timestamptz;
    v_invitation workspace.invitation;
    v_seats record;
    v_principal uuid;
    v_hash bytea := sha256(convert_to(p_token, 'UTF8'));
begin
    perform workspace.lock_state();
    v_now := core.clock();
    select i.* into v_invitation
    from workspace.invitation as i
    where i.tenant_id = v_tenant and i.token_hash = v_hash
    for update;
    if not found or v_invitation.email is distinct from v_email or v_invitation.accepted_at is not null
        or v_invitation.expires_at <= v_now
    then
        raise exception 'there is no open invitation for this address and token' using errcode = 'P0002';
    end if;
    select p.principal_id into v_principal
    from core.principal as p
    where p.tenant_id = v_tenant and p.email = v_email;
    if exists (
        select from core.membership as m
        where m.tenant_id = v_tenant and m.principal_id = v_principal and m.is_active
    ) then
        raise exception 'this address already belongs to a member' using errcode = '23505';
    end if;
    select f.* into v_seats from workspace.in_force('seats') as f;
    if not v_seats.is_entitled or v_seats.limit_value <= (
        select count(*) from core.membership as m where m.tenant_id = v_tenant and m.is_active
    ) then
        raise exception 'all % seats of the plan are taken', coalesce(v_seats.limit_value, 0) using errcode = '53400';
    end if;
    if v_principal is null then
        v_principal := coalesce(core.current_principal(), gen_random_uuid());
        insert into core.principal (tenant_id, principal_id, email, display_name)
        values (v_tenant, v_principal, v_email, split_part(v_email, '@', 1));
    end if;
    insert into core.membership as m (tenant_id, principal_id, role, last_active_at)
    values (v_tenant, v_principal, v_invitation.role, v_now)
    on conflict on constraint membership_pk do update set
        role = excluded.role, is_active = true, last_active_at = excluded.last_active_at;
    update workspace.invitation as i
    set accepted_at = v_now
    where i.tenant_id = v_tenant and i.invitation_id = v_invitation.invitation_id;
    perform workspace.touch(v_now);
    perform core.write_audit(
        'member.accept', v_principal::text, jsonb_build_object('role', v_invitation.role, 'invitation', v_invitation.invitation_id)
    );
    return v_principal;
end;
$$;

comment on function workspace.accept_invitation(text) is
'Returns the principal, who is now a member. Errors: P0002 when there is no open invitation for the address of the session and this token; 53400 when every seat is taken; 23505 when the address already belongs to a member; 42501 when no tenant is set.';

grant execute on function workspace.accept_invitation(text) to stanchion_app;

-- revert: drop function workspace.accept_invitation(text);
