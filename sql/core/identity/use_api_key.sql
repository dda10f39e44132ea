-- Sets the tenant of an API key for the rest of the transaction, or clears the tenant when the key is not valid. (A
-- rollback to a savepoint restores the setting from before the savepoint.)
--
-- Security definer, because no role may read keys. A malformed, unknown or revoked key and the key of a suspended tenant
-- all give the same result.
create or replace function core.use_api_key(p_key text)
returns table (tenant_id uuid, scopes text[])
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform core.set_context(null);
    perform set_config('app.tenant_id', coalesce(substring(p_key from '^stn_([0-9a-f]{32})_')::uuid::text, ''), true);
    select k.tenant_id, k.scopes into tenant_id, scopes
    from core.api_key as k
    join core.tenant as t on t.tenant_id = k.tenant_id
    where k.tenant_id = core.current_tenant()
        and k.key_hash = sha256(convert_to(p_key, 'UTF8'))
        and k.revoked_at is null
        and t.status = 'active';
    if found then
        return next;
    else
        perform core.set_context(null);
    end if;
end;
$$;

comment on function core.use_api_key(text) is
'Returns the tenant of the key, now set for this transaction, and the scopes of the key; no row, and no tenant set, when the key is not valid.';

grant execute on function core.use_api_key(text) to stanchion_app;

-- revert: drop function core.use_api_key(text);
