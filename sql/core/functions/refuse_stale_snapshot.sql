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
