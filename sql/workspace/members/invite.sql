-- Invites an address to the tenant. The caller is an owner or admin (only owners invite owners) or an operator. The token
-- is returned once, to be sent to that address.
create or replace function workspace.invite(p_email text, p_role text, p_for interval default '7 days')
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz := core.clock();
    v_until timestamptz;
    v_acting text := core.member_role();
    v_token text := 'inv_' || replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
    v_hash bytea := sha256(convert_to(v_token, 'UTF8'));
begin
    if not core.is_operator()
        and not coalesce(v_acting = 'owner' or (v_acting = 'admin' and p_role <> 'owner'), false)
    then
        raise exception 'only an owner or admin of the tenant may invite, and only an owner may invite owners'
            using errcode = '42501';
    elsif (p_for > '0') is not true then
        raise exception 'an invitation must be valid for a positive time, not %', coalesce(p_for::text, 'null') using errcode = '22023';
    end if;
    v_until := v_now + p_for;
    insert into workspace.invitation as i (tenant_id, email, role, token_hash, invited_at, expires_at)
    values (v_tenant, lower(p_email), p_role, v_hash, v_now, v_until)
    on conflict (tenant_id, email) where accepted_at is null do update set
        role = excluded.role,
        token_hash = excluded.token_hash,
        invited_at = excluded.invited_at,
        expires_at = excluded.expires_at;
    perform core.write_audit('member.invite', lower(p_email), jsonb_build_object('role', p_role, 'until', v_until));
    return v_token;
end;
$$;

comment on function workspace.invite(text, text, interval) is
'Returns the token; an older one for the same address no longer works. Errors: 42501 when the caller may not invite; 23514 when the role or address is invalid; 22023 when the time is not positive.';

grant execute on function workspace.invite(text, text, interval) to stanchion_app;

-- revert: drop function workspace.invite(text, text, interval);
