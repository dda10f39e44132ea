-- Ends an API key. The row stays: what the key was is part of the story.
create or replace function core.revoke_api_key(p_name text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update core.api_key as k
    set revoked_at = core.clock()
    where k.tenant_id = core.required_tenant() and k.name = p_name and k.revoked_at is null;
    if not found then
        return false;
    end if;
    perform core.write_audit('api_key.revoke', p_name);
    return true;
end;
$$;

comment on function core.revoke_api_key(text) is
'Revokes the live key of that name; false when the tenant has none. Raises 42501 without a tenant.';

-- revert: drop function core.revoke_api_key(text);
