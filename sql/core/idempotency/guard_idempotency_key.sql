-- Keeps a day of keys while callers hold leases on some of them.
create or replace function core.guard_idempotency_key(p_day date)
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := core.clock();
    v_leased bigint;
begin
    select count(*) into v_leased
    from core.idempotency_key as k
    where k.claimed_on = p_day and k.completed_at is null and k.lease_until > v_now;
    return case when v_leased > 0 then 'keys that are still leased: ' || v_leased end;
end;
$$;

comment on function core.guard_idempotency_key(date) is 'Returns the number of keys of the day that are still leased, as a sentence; null when the partition may be dropped.';

-- revert: drop function core.guard_idempotency_key(date);
