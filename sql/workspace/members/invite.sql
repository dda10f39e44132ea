-- Invites somebody to the tenant, by a member who may: an owner or admin of it (only an owner invites
-- owners), or the operator. The token is shown this once and goes to the address that it is for.
create or replace function workspace.invite(p_email text, p_role text, p_for interval default '7 days')
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_now timestamptz := core.clock();
    v_acting text := core.member_role();
    v_token text := 'inv_' || replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
begin
    if not core.is_operator()
        and not coalesce(v_acting = 'owner' or (v_acting = 'admin' and p_role <> 'owner'), false)
    then
        raise exception 'only an owner or admin of the tenant may invite, and only an owner may invite owners'
            using errcode = '42501';
    elsif (p_for > '0') is not true then
        raise exception 'an invitation holds for some time' using errcode = '22023';
    end if;
    insert into workspace.invitation as i (tenant_id, email, role, token_hash, invited_at, expires_at)
    values (v_tenant, lower(p_email), p_role, sha256(convert_to(v_token, 'UTF8')), v_now, v_now + p_for)
    on conflict (tenant_id, email) where accepted_at is null do update set
        role = excluded.role,
        token_hash = excluded.token_hash,
        invited_at = excluded.invited_at,
        expires_at = excluded.expires_at;
    perform core.write_audit('member.invite', lower(p_email), jsonb_build_object('role', p_role, 'until', v_now + p_for));
    return v_token;
end;
$$;

comment on function workspace.invite(text, text, interval) is
'The token; an older one for the same address no longer works. Raises 42501 when the caller may not, 23514 for a role or address that cannot be, 22023 for a time that is none.';

grant execute on function workspace.invite(text, text, interval) to stanchion_app;

-- revert: drop function workspace.invite(text, text, interval);
