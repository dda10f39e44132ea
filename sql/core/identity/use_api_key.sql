-- Opens the tenant of an API key for the rest of the transaction, or closes every tenant. (A rollback to a
-- savepoint brings back what was before it, as with all that a transaction does.)
--
-- Security definer, since keys are nobody's to read. A key that is malformed, unknown or revoked,
-- or whose tenant is suspended, all look the same from outside.
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
'Sets the tenant of the key for this transaction and returns it with the scopes; no row, and no tenant, when the key is not good.';

grant execute on function core.use_api_key(text) to stanchion_app;

-- revert: drop function core.use_api_key(text);
