-- Claims an idempotency key, or says what became of it: claimed, replay, in_progress, mismatch, takeover.
--
-- A UUIDv7 has its day in it, so the primary key of that day decides, exactly and without a lock. For
-- any other key the transaction takes a lock, and looks whether it was claimed yesterday: 23:59:59.999
-- and 00:00:00.001 are two partitions and one key.
--
-- This is asked with every request. What a new key passes through is therefore few expressions, each of
-- which the server sets up anew in every transaction, and no call of another function that is not
-- unfolded; measurements are in docs/decisions/0019-idempotency-keys.md.
--
-- Security definer: keys are written here and in core.complete_key, complete_keys and nowhere else. The claim
-- counts once the caller commits; a caller that rolls back never claimed.
create or replace function core.claim_key(
    p_key text,
    p_fingerprint bytea,
    p_lease interval default '30 seconds',
    out outcome text,
    out attempt integer,
    out response_code integer,
    out response_body bytea
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_tenant uuid := core.current_tenant();
    v_now timestamptz := core.clock();
    v_from timestamptz := core.key_time(p_key);
    v_id uuid;
    v_day date;
    v_last integer;
    v_is_known boolean;
begin
    if v_tenant is null
        or (p_key <> '' and p_lease > interval '0') is not true
        or v_from <= v_now - core.idempotency_window()
        or v_from > v_now + core.clock_tolerance()
    then
        perform core.required_tenant();
        raise exception using errcode = '22023', message = case
            when p_key <> '' and p_lease > interval '0'
                then format('the key was made at %s, which is not within the last %s of now', v_from, core.idempotency_window())
            else 'a key without text, or a lease of no time, is none'
        end;
    end if;

    if v_from is null then
        v_id := core.key_hash(p_key);
        perform pg_advisory_xact_lock(uuid_hash_extended(v_id, uuid_hash_extended(v_tenant, 0)));
        v_now := core.clock();  -- after the wait: whoever had the lock came before
        v_day := core.utc_day(v_now);
        select k.claimed_at, k.attempt into v_from, v_last
        from core.idempotency_key as k
        where k.tenant_id = v_tenant and k.key_id = v_id and k.claimed_on = v_day - 1;
        if v_from > v_now - core.idempotency_window() then
            v_day := v_day - 1;
            v_is_known := true;
        elsif core.utc_day(v_now + core.clock_tolerance()) > v_day
            or current_setting('transaction_isolation') in ('repeatable read', 'serializable')
        then
            -- just before midnight the clock of whoever came before may have been ahead
            if exists (
                select from core.idempotency_key as k
                where k.tenant_id = v_tenant and k.key_id = v_id and k.claimed_on = v_day + 1
            ) then
                v_day := v_day + 1;
                v_is_known := true;
            else
                perform core.refuse_stale_snapshot(v_tenant, v_id, v_day, v_now);
            end if;
        end if;
    end if;

    if v_is_known is null then
        insert into core.idempotency_key (
            tenant_id, key_id, claimed_on, attempt, claimed_at, lease_until, fingerprint
        ) values (
            v_tenant, coalesce(v_id, p_key::uuid), coalesce(v_day, core.utc_day(v_from)), coalesce(v_last, 0) + 1,
            v_now, least(v_now + p_lease, case when v_id is null then v_from else v_now end + core.idempotency_window()),
            p_fingerprint
        ) on conflict do nothing;
        if found then
            outcome := 'claimed';
            attempt := coalesce(v_last, 0) + 1;
            if core.clock() > v_now + interval '1 second' then  -- it waited until another rolled back
                update core.idempotency_key as k
                set lease_until = least(core.clock() + p_lease, v_from + core.idempotency_window())
                where k.tenant_id = v_tenant
                    and k.key_id = coalesce(v_id, p_key::uuid)
                    and k.claimed_on = coalesce(v_day, core.utc_day(v_from));
            end if;
            return;
        end if;
    end if;

    declare  -- in a block of its own, since a record costs something, and new keys need none
        v_key core.idempotency_key;
    begin
        loop
            v_now := core.clock();  -- the insert may have waited until another committed
            select k.* into v_key
            from core.idempotency_key as k
            where k.tenant_id = v_tenant
                and k.key_id = coalesce(v_id, p_key::uuid)
                and k.claimed_on = coalesce(v_day, core.utc_day(v_from));
            if not found then
                raise exception 'the key is gone; try again' using errcode = '40001';
            end if;
            attempt := v_key.attempt;
            if v_key.fingerprint is distinct from p_fingerprint then
                outcome := 'mismatch';
                return;
            elsif v_key.completed_at is not null then
                outcome := 'replay';
                response_code := v_key.response_code;
                response_body := v_key.response_body;
                return;
            elsif v_key.lease_until > v_now then
                outcome := 'in_progress';
                return;
            end if;
            -- of all who find the lease over, the row lock lets one have it; the others look again
            update core.idempotency_key as k
            set
                attempt = k.attempt + 1,
                lease_until = least(
                    v_now + p_lease, case when v_id is null then v_from else k.claimed_at end + core.idempotency_window()
                )
            where k.tenant_id = v_tenant
                and k.key_id = v_key.key_id
                and k.claimed_on = v_key.claimed_on
                and k.attempt = v_key.attempt
                and k.completed_at is null
            returning k.attempt into attempt;
            if found then
                outcome := 'takeover';
                return;
            end if;
        end loop;
    end;
end;
$$;

comment on function core.claim_key(text, bytea, interval) is
'claimed or takeover: do it, and complete it with this attempt. replay: it was done, this is the answer. in_progress: ask again later. mismatch: the key was for something else. Raises 42501 without a tenant, 22023 for an empty key, a lease of no time and a UUIDv7 from outside the window, 40001 above READ COMMITTED when the caller has to try again.';

grant execute on function core.claim_key(text, bytea, interval) to stanchion_app, stanchion_loader;

-- revert: drop function core.claim_key(text, bytea, interval);
