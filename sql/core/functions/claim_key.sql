-- Claims an idempotency key, or says what became of it: claimed, replay, in_progress, mismatch, takeover.
--
-- This is asked with every request, and nearly always the key is new. So a new key is claimed here, by one insert
-- and as few expressions as it takes, each of which the server sets up anew in every transaction. Whatever that
-- insert does not decide, core.claim_again does. Measurements are in docs/decisions/0019-idempotency-keys.md.
--
-- A UUIDv7 has its day in it, so the primary key of that day decides, exactly and without a lock. For any other key
-- the transaction takes a lock, and looks whether it was claimed yesterday: 23:59:59.999 and 00:00:00.001 are two
-- partitions and one key.
--
-- Security definer: keys are written here, in core.claim_again, core.complete_key and core.complete_keys and nowhere
-- else. The claim counts once the caller commits; a caller that rolls back never claimed.
create or replace function core.claim_key(p_key text, p_fingerprint bytea, p_lease interval default '30 seconds')
returns core.key_claim
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_tenant uuid := core.current_tenant();
    v_now timestamptz := core.clock();
    v_made timestamptz := core.key_time(p_key);
    v_id uuid;
    v_day date;
begin
    if v_made > v_now - core.idempotency_window() and v_made <= v_now + core.clock_tolerance()
        and p_lease > interval '0' and v_tenant is not null
    then
        insert into core.idempotency_key (tenant_id, key_id, claimed_on, attempt, claimed_at, lease_until, fingerprint)
        values (
            v_tenant, p_key::uuid, core.utc_day(v_made), 1, v_now, least(v_now + p_lease, v_made + core.idempotency_window()),
            p_fingerprint
        ) on conflict do nothing;
        if found then
            if core.clock() > v_now + interval '1 second' then  -- it waited until another rolled back
                update core.idempotency_key as k
                set lease_until = least(core.clock() + p_lease, v_made + core.idempotency_window())
                where k.tenant_id = v_tenant and k.key_id = p_key::uuid and k.claimed_on = core.utc_day(v_made);
            end if;
            return row('claimed', 1, null, null)::core.key_claim;
        end if;
    elsif v_made is null and p_key <> '' and p_lease > interval '0' and v_tenant is not null then
        v_id := core.key_hash(p_key);
        -- the time after the wait: whoever had the lock came before
        v_now := case when pg_advisory_xact_lock(core.key_lock(v_tenant, v_id)) is not null then core.clock() end;
        v_day := core.utc_day(v_now);
        insert into core.idempotency_key (tenant_id, key_id, claimed_on, attempt, claimed_at, lease_until, fingerprint)
        select v_tenant, v_id, v_day, 1, v_now, v_now + least(p_lease, core.idempotency_window()), p_fingerprint
        where
            current_setting('transaction_isolation') = 'read committed'
            and core.utc_day(v_now + core.clock_tolerance()) = v_day
            and not exists (
                select from core.idempotency_key as k
                where k.tenant_id = v_tenant and k.key_id = v_id and k.claimed_on = v_day - 1
            )
        on conflict do nothing;
        if found then
            return row('claimed', 1, null, null)::core.key_claim;
        end if;
    end if;
    return core.claim_again(v_tenant, p_key, v_made, p_fingerprint, p_lease);
end;
$$;

comment on function core.claim_key(text, bytea, interval) is
'claimed or takeover: do it, and complete it with this attempt. replay: it was done, this is the answer. in_progress: ask again later. mismatch: the key was for something else. Raises 42501 without a tenant, 22023 for an empty key, a lease of no time and a UUIDv7 from outside the window, 40001 above READ COMMITTED when the caller has to try again.';

grant execute on function core.claim_key(text, bytea, interval) to stanchion_app, stanchion_loader;

-- revert: drop function core.claim_key(text, bytea, interval);
