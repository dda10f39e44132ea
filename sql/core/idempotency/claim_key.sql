-- Claims an idempotency key. The outcome is claimed, replay, in_progress, mismatch or takeover.
--
-- Every request calls this function, and nearly every key is new. So a new key is claimed here, by one insert with as few
-- expressions as possible, since the server sets up each expression again in every transaction. core.claim_existing_key is the
-- slow path for every other key. Measurements are in docs/decisions/0019-idempotency-keys.md.
--
-- A UUIDv7 contains its day, so every claim of it uses the same partition. The primary key of that partition lets one
-- claim succeed, without a lock. Any other key may be claimed before midnight and again after it, in two partitions. So
-- the transaction takes a lock on the key and also checks the partition of the day before. A sequence contains the latest
-- day of any claim, so that a clock which went back over midnight is noticed without a look at the days after it.
--
-- Security definer: keys are written only by the functions of this folder. The claim takes effect when the caller
-- commits. A caller that rolls back has claimed nothing.
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
    v_until timestamptz;
    v_before date;
begin
    if current_setting('citus.version', true) is not null then  -- a call would cost more than the rest of the expressions
        v_tenant := core.tenant_to_write();
    end if;
    if v_made > v_now - core.idempotency_window() and v_made <= v_now + core.clock_tolerance()
        and p_lease > interval '0' and v_tenant is not null
    then
        insert into core.idempotency_key (tenant_id, key_id, claimed_on, attempt, claimed_at, lease_until, fingerprint)
        values (
            v_tenant, p_key::uuid, core.utc_day(v_made), 1, v_now, least(v_now + p_lease, v_made + core.idempotency_window()),
            p_fingerprint
        ) on conflict do nothing;
        if found then
            if core.clock() > v_now + interval '1 second' then  -- the insert waited until another session rolled back
                v_id := p_key::uuid;
                v_day := core.utc_day(v_made);
                v_until := least(core.clock() + p_lease, v_made + core.idempotency_window());
                update core.idempotency_key as k
                set lease_until = v_until
                where k.tenant_id = v_tenant and k.key_id = v_id and k.claimed_on = v_day;
            end if;
            return row('claimed', 1, null, null)::core.key_claim;
        end if;
    elsif v_made is null and p_key <> '' and p_lease > interval '0' and v_tenant is not null then
        v_id := core.key_hash(p_key);
        -- the time after the wait, because the previous holder of the lock claimed before that
        v_now := case when pg_advisory_xact_lock(core.key_lock(v_tenant, v_id)) is not null then core.clock() end;
        v_day := core.utc_day(v_now);
        if current_setting('transaction_isolation') = 'read committed'
            and pg_sequence_last_value('core.key_day') = v_day - date '2000-01-01'
        then
            v_before := v_day - 1;
            perform from core.idempotency_key as k
            where k.tenant_id = v_tenant and k.key_id = v_id and k.claimed_on = v_before;
            if not found then
                insert into core.idempotency_key (tenant_id, key_id, claimed_on, attempt, claimed_at, lease_until, fingerprint)
                values (v_tenant, v_id, v_day, 1, v_now, v_now + least(p_lease, core.idempotency_window()), p_fingerprint)
                on conflict do nothing;
                if found then
                    return row('claimed', 1, null, null)::core.key_claim;
                end if;
            end if;
        end if;
    end if;
    return core.claim_existing_key(v_tenant, p_key, v_made, p_fingerprint, p_lease);
end;
$$;

comment on function core.claim_key(text, bytea, interval) is
'Returns the outcome: claimed or takeover (run the request and complete the key with this attempt), replay (the stored response), in_progress (retry later) or mismatch (the key belongs to another request). Errors: 42501 when no tenant is set; 22023 when the key is empty, the lease is not positive, or a UUIDv7 is outside the window; 40001 above READ COMMITTED when the caller has to retry.';

grant execute on function core.claim_key(text, bytea, interval) to stanchion_app, stanchion_loader;

-- Slow path of core.claim_key: the key exists, may exist under another day, is being inserted by another session, or is
-- invalid.
--
-- It relies on one result of the fast path: the row of a valid UUIDv7 exists by now. The id and the day are in variables,
-- because the planner uses no index for an expression such as coalesce() below a policy, which it takes to be leaky.
create or replace function core.claim_existing_key(p_tenant uuid, p_key text, p_made timestamptz, p_fingerprint bytea, p_lease interval)
returns core.key_claim
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_now timestamptz := core.clock();
    v_id uuid;
    v_day date;
    v_latest date;
    v_last core.idempotency_key;
    v_later core.idempotency_key;
    v_before date;
    v_after date;
    v_until timestamptz;
    v_is_known boolean := false;
begin
    if p_tenant is null
        or (p_key <> '' and p_lease > interval '0') is not true
        or p_made <= v_now - core.idempotency_window()
        or p_made > v_now + core.clock_tolerance()
    then
        perform core.required_tenant();
        raise exception using errcode = '22023', message = case
            when p_key <> '' and p_lease > interval '0'
                then format('the key was created at %s, which is not within %s before now', p_made, core.idempotency_window())
            else 'the key must not be empty and the lease must be positive'
        end;
    end if;

    if p_made is not null then
        v_id := p_key::uuid;
        v_day := core.utc_day(p_made);
    else
        v_id := core.key_hash(p_key);
        perform pg_advisory_xact_lock(core.key_lock(p_tenant, v_id));
        v_now := core.clock();  -- after the wait, because the previous holder of the lock claimed before that
        v_day := core.utc_day(v_now);
        v_latest := core.latest_key_day(v_day);
        v_before := v_day - 1;
        select k.* into v_last
        from core.idempotency_key as k
        where k.tenant_id = p_tenant and k.key_id = v_id and k.claimed_on = v_before;
        if v_latest > v_day then  -- the clock of this session is behind the clock of another claim
            v_after := v_day + 1;
            select k.* into v_later
            from core.idempotency_key as k
            where k.tenant_id = p_tenant and k.key_id = v_id and k.claimed_on between v_after and v_latest
            order by k.claimed_on desc
            limit 1;
        end if;
        if v_later.claimed_on is not null then
            v_day := v_later.claimed_on;
            v_is_known := true;
        elsif v_last.claimed_at > v_now - core.idempotency_window() then
            v_day := v_day - 1;
            v_is_known := true;
        elsif current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
            perform core.refuse_stale_snapshot(p_tenant, v_id, v_day, v_latest, v_now);
        end if;
        if not v_is_known then
            insert into core.idempotency_key (tenant_id, key_id, claimed_on, attempt, claimed_at, lease_until, fingerprint)
            values (
                p_tenant, v_id, v_day, coalesce(v_last.attempt, 0) + 1, v_now, v_now + least(p_lease, core.idempotency_window()),
                p_fingerprint
            ) on conflict do nothing;
            if found then
                return row('claimed', coalesce(v_last.attempt, 0) + 1, null, null)::core.key_claim;
            end if;
        end if;
    end if;

    loop
        v_now := core.clock();  -- the insert of this key may have waited until another session committed
        select k.* into v_last
        from core.idempotency_key as k
        where k.tenant_id = p_tenant and k.key_id = v_id and k.claimed_on = v_day;
        if not found then
            raise exception 'the key was deleted during the claim; retry' using errcode = '40001';
        elsif v_last.fingerprint is distinct from p_fingerprint then
            return row('mismatch', v_last.attempt, null, null)::core.key_claim;
        elsif v_last.completed_at is not null then
            return row('replay', v_last.attempt, v_last.response_code, v_last.response_body)::core.key_claim;
        elsif v_last.lease_until > v_now then
            return row('in_progress', v_last.attempt, null, null)::core.key_claim;
        end if;
        -- when several sessions find the lease expired, the row lock lets one take the key over; the others check again
        v_until := least(v_now + p_lease, coalesce(p_made, v_last.claimed_at) + core.idempotency_window());
        update core.idempotency_key as k
        set attempt = k.attempt + 1, lease_until = v_until
        where k.tenant_id = p_tenant
            and k.key_id = v_id
            and k.claimed_on = v_day
            and k.attempt = v_last.attempt
            and k.completed_at is null;
        if found then
            return row('takeover', v_last.attempt + 1, null, null)::core.key_claim;
        end if;
    end loop;
end;
$$;

comment on function core.claim_existing_key(uuid, text, timestamptz, bytea, interval) is
'Returns the outcome as core.claim_key does, for a key that is not simply new. Errors: those of core.claim_key, which are 42501, 22023 and 40001.';

-- Makes stale snapshots visible. Under REPEATABLE READ and SERIALIZABLE a query does not see rows that were committed
-- since the transaction began, but the unique index does. So the key is inserted into every other day of the window and
-- deleted again: where another session has claimed it since, that raises 40001 and the caller retries.
create or replace function core.refuse_stale_snapshot(
    p_tenant uuid, p_key_id uuid, p_day date, p_latest date, p_now timestamptz
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_day date;
begin
    for v_day in
        select d::date
        from generate_series(
            core.utc_day(p_now - core.idempotency_window()),
            p_latest,
            interval '1 day'
        ) as d
        where d::date <> p_day
            -- a day without a partition has no claims
            and to_regclass('parts.core__idempotency_key__' || to_char(d, 'YYYYMMDD')) is not null
    loop
        insert into core.idempotency_key (
            tenant_id, key_id, claimed_on, attempt, claimed_at, lease_until, fingerprint
        ) values (p_tenant, p_key_id, v_day, 0, p_now, p_now, '')
        on conflict do nothing;
        if found then
            delete from core.idempotency_key as k
            where k.tenant_id = p_tenant and k.key_id = p_key_id and k.claimed_on = v_day;
        end if;
    end loop;
end;
$$;

comment on function core.refuse_stale_snapshot(uuid, uuid, date, date, timestamptz) is
'Returns nothing. Errors: 40001 when the key was claimed on another day of the window since the snapshot of the transaction.';

-- revert: drop function core.refuse_stale_snapshot(uuid, uuid, date, date, timestamptz);
-- revert: drop function core.claim_existing_key(uuid, text, timestamptz, bytea, interval);
-- revert: drop function core.claim_key(text, bytea, interval);
