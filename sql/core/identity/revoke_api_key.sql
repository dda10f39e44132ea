-- Revokes an API key. The row stays as a record of the key.
create or replace function core.revoke_api_key(p_name text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz := core.clock();
begin
    update core.api_key as k
    set revoked_at = v_now
    where k.tenant_id = v_tenant and k.name = p_name and k.revoked_at is null;
    if not found then
        return false;
    end if;
    perform core.write_audit('api_key.revoke', p_name);
    return true;
end;
$$;

comment on function core.revoke_api_key(text) is
'Returns whether the tenant had a live key of that name, which is now revoked. Errors: 42501 when no tenant is set.';

-- revert: drop function core.revoke_api_key(text);
