-- Sets the tenant of an API key for the rest of the transaction, or clears the tenant when the key is not valid. (A
-- rollback to a savepoint restores the setting from before the savepoint.)
--
-- The transaction holds a lock of the key, by which the operator who revokes the key finds it and ends its session. The
-- key is read again after that: it may have been revoked just before the lock.
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
declare
    v_tenant uuid;
    v_hash bytea := sha256(convert_to(p_key, 'UTF8'));
    v_is_locked boolean := false;
begin
    perform core.set_context(null);
    perform core.set_local('app.tenant_id', substring(p_key from '^stn_([0-9a-f]{32})_')::uuid::text);
    v_tenant := core.current_tenant();
    loop
        select k.tenant_id, k.scopes into tenant_id, scopes
        from core.api_key as k
        join core.tenant as t on t.tenant_id = v_tenant
        where k.tenant_id = v_tenant
            and k.key_hash = v_hash
            and k.revoked_at is null
            and t.status = 'active';
        if not found then
            perform core.set_context(null);
            return;
        elsif v_is_locked then
            return next;
            return;
        end if;
        perform pg_advisory_xact_lock_shared(core.api_key_lock(v_hash));
        v_is_locked := true;
    end loop;
end;
$$;

comment on function core.use_api_key(text) is
'Returns the tenant of the key, now set for this transaction, and the scopes of the key; no row, and no tenant set, when the key is not valid.';

grant execute on function core.use_api_key(text) to stanchion_app;

-- Returns the advisory lock that the transactions which use a key share.
create or replace function core.api_key_lock(p_key_hash bytea)
returns bigint
language sql
immutable
parallel safe
return hashtextextended('stanchion api key ' || encode(p_key_hash, 'hex'), 0);

comment on function core.api_key_lock(bytea) is 'Returns the number of the advisory lock of an API key, by the hash of the key.';

-- revert: drop function core.api_key_lock(bytea);
-- revert: drop function core.use_api_key(text);
