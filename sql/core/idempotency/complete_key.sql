-- Stores the response to the request of a key, byte for byte, for later callers with the same key.
--
-- The attempt is a fencing token: it no longer matches when the lease of the caller expired and another caller took the
-- key over. Only the row is locked, so callers who wait to claim the key do not block its holder.
create or replace function core.complete_key(p_key text, p_attempt integer, p_code integer, p_body bytea)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_tenant uuid := coalesce(core.current_tenant(), core.required_tenant());
    v_now timestamptz := core.clock();
    v_made timestamptz := core.key_time(p_key);
    v_id uuid := case when v_made is null then core.key_hash(p_key) else p_key::uuid end;
    v_day date := core.utc_day(coalesce(v_made, v_now));
    v_since timestamptz;
    v_first date;
begin
    if current_setting('citus.version', true) is not null then  -- a call would cost a tenth of the function
        v_tenant := core.tenant_to_write();
    end if;
    -- a UUIDv7 is completed even after the window, since another caller can no longer claim it
    update core.idempotency_key as k
    set completed_at = v_now, response_code = p_code, response_body = p_body
    where k.tenant_id = v_tenant
        and k.key_id = v_id
        and k.claimed_on = v_day
        and k.attempt = p_attempt
        and k.completed_at is null;
    if not found and v_made is null then
        v_day := core.latest_key_day(v_day);  -- the clock of this session may be behind the clock of the claim
        v_since := v_now - core.idempotency_window();
        v_first := core.utc_day(v_since);
        update core.idempotency_key as k
        set completed_at = v_now, response_code = p_code, response_body = p_body
        where k.tenant_id = v_tenant
            and k.key_id = v_id
            and k.claimed_on between v_first and v_day
            and k.claimed_at > v_since
            and k.attempt = p_attempt
            and k.completed_at is null;
    end if;
    return found;
end;
$$;

comment on function core.complete_key(text, integer, integer, bytea) is
'Returns true when the response was stored; false when this attempt no longer holds the key or the key is already complete. Errors: 42501 when no tenant is set; 40001 above READ COMMITTED when another caller took the key over.';

grant execute on function core.complete_key(text, integer, integer, bytea) to stanchion_app, stanchion_loader;

-- revert: drop function core.complete_key(text, integer, integer, bytea);
