-- Makes an API key for the tenant of the session and shows it this once: only its hash is kept.
--
-- The key carries its tenant, so that looking it up is a look-up in the primary key. Two random
-- uuids are 244 bits from the server's strong source.
create or replace function core.create_api_key(p_name text, p_scopes text[] default '{}')
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_key text := 'stn_' || replace(v_tenant::text || '_' || gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
begin
    insert into core.api_key (tenant_id, key_hash, name, scopes)
    values (v_tenant, sha256(convert_to(v_key, 'UTF8')), p_name, p_scopes);
    perform core.write_audit('api_key.create', p_name, jsonb_build_object('scopes', p_scopes));
    return v_key;
end;
$$;

comment on function core.create_api_key(text, text[]) is
'Makes a key and returns it; it cannot be shown again. Raises 23505 while a live key has that name, 42501 without a tenant.';

-- revert: drop function core.create_api_key(text, text[]);
