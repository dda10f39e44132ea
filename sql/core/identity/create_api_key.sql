-- Creates an API key for the tenant of the session and returns it once: only its hash is stored.
--
-- The key contains its tenant, so that a lookup uses the primary key. Two random uuids are 244 bits from the strong
-- random source of the server.
create or replace function core.create_api_key(p_name text, p_scopes text[] default '{}')
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_key text := 'stn_' || replace(v_tenant::text || '_' || gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
begin
    insert into core.api_key (tenant_id, key_hash, name, scopes)
    values (v_tenant, sha256(convert_to(v_key, 'UTF8')), p_name, p_scopes);
    perform core.write_audit('api_key.create', p_name, jsonb_build_object('scopes', p_scopes));
    return v_key;
end;
$$;

comment on function core.create_api_key(text, text[]) is
'Returns the new key, which cannot be shown again. Errors: 23505 while another live key has that name; 42501 when no tenant is set.';

-- revert: drop function core.create_api_key(text, text[]);
