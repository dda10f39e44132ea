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

-- What becomes of a claim that core.claim_key's one insert did not decide: the key is there already, or may be on
-- another day, or was awaited, or is none.
--
-- It relies on nothing that was found out before, except that a UUIDv7 which may be claimed has its row by now. The
-- id and the day are in variables: beside a policy, no index is used for an expression like coalesce(), which the
-- planner takes to be leaky.
create or replace function core.claim_again(p_tenant uuid, p_key text, p_made timestamptz, p_fingerprint bytea, p_lease interval)
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
    v_last core.idempotency_key;
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
                then format('the key was made at %s, which is not within the last %s of now', p_made, core.idempotency_window())
            else 'a key without text, or a lease of no time, is none'
        end;
    end if;

    if p_made is not null then
        v_id := p_key::uuid;
        v_day := core.utc_day(p_made);
    else
        v_id := core.key_hash(p_key);
        perform pg_advisory_xact_lock(core.key_lock(p_tenant, v_id));
        v_now := core.clock();  -- after the wait: whoever had the lock came before
        v_day := core.utc_day(v_now);
        select k.* into v_last
        from core.idempotency_key as k
        where k.tenant_id = p_tenant and k.key_id = v_id and k.claimed_on = v_day - 1;
        if v_last.claimed_at > v_now - core.idempotency_window() then
            v_day := v_day - 1;
            v_is_known := true;
        elsif core.utc_day(v_now + core.clock_tolerance()) > v_day
            or current_setting('transaction_isolation') in ('repeatable read', 'serializable')
        then
            -- just before midnight the clock of whoever came before may have been ahead
            if exists (
                select from core.idempotency_key as k
                where k.tenant_id = p_tenant and k.key_id = v_id and k.claimed_on = v_day + 1
            ) then
                v_day := v_day + 1;
                v_is_known := true;
            else
                perform core.refuse_stale_snapshot(p_tenant, v_id, v_day, v_now);
            end if;
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
        v_now := core.clock();  -- the first insert may have waited until another committed
        select k.* into v_last
        from core.idempotency_key as k
        where k.tenant_id = p_tenant and k.key_id = v_id and k.claimed_on = v_day;
        if not found then
            raise exception 'the key is gone; try again' using errcode = '40001';
        elsif v_last.fingerprint is distinct from p_fingerprint then
            return row('mismatch', v_last.attempt, null, null)::core.key_claim;
        elsif v_last.completed_at is not null then
            return row('replay', v_last.attempt, v_last.response_code, v_last.response_body)::core.key_claim;
        elsif v_last.lease_until > v_now then
            return row('in_progress', v_last.attempt, null, null)::core.key_claim;
        end if;
        -- of all who find the lease over, the row lock lets one have it; the others look again
        update core.idempotency_key as k
        set
            attempt = k.attempt + 1,
            lease_until = least(v_now + p_lease, coalesce(p_made, k.claimed_at) + core.idempotency_window())
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

comment on function core.claim_again(uuid, text, timestamptz, bytea, interval) is
'What core.claim_key returns and raises, for a key that is not simply new.';

-- Under REPEATABLE READ and SERIALIZABLE a look at other days does not see what was committed since the
-- transaction began; the unique index does. So the key is put into each other day of the window and
-- taken out again: where somebody has claimed it meanwhile, that raises 40001 and the caller tries again.
create or replace function core.refuse_stale_snapshot(p_tenant uuid, p_key_id uuid, p_day date, p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_day date;
begin
    if current_setting('transaction_isolation') not in ('repeatable read', 'serializable') then
        return;
    end if;
    for v_day in
        select d::date
        from generate_series(
            core.utc_day(p_now - core.idempotency_window()),
            core.utc_day(p_now + core.clock_tolerance()),
            interval '1 day'
        ) as d
        where d::date <> p_day
            -- nobody can have claimed it on a day that has no partition
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

comment on function core.refuse_stale_snapshot(uuid, uuid, date, timestamptz) is
'Raises 40001 when the key was claimed on another day of the window since the snapshot of the transaction.';

-- revert: drop function core.refuse_stale_snapshot(uuid, uuid, date, timestamptz);
-- revert: drop function core.claim_again(uuid, text, timestamptz, bytea, interval);
-- revert: drop function core.claim_key(text, bytea, interval);
