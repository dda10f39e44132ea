-- Returns the time for which a key is remembered: at most a day, because core.claim_key looks at today and yesterday.
create or replace function core.idempotency_window()
returns interval
language sql
immutable
parallel safe
return interval '24 hours';

comment on function core.idempotency_window() is 'Returns the time for which a claim is remembered, from its first claim on; for a UUIDv7, from its creation.';

-- Returns the tolerated difference between the clocks of the callers who create keys and of the servers.
create or replace function core.clock_tolerance()
returns interval
language sql
immutable
parallel safe
return interval '5 minutes';

comment on function core.clock_tolerance() is 'Returns the time by which the creation of a key may be ahead of the clock.';

-- Returns the uuid under which a key that is not a UUIDv7 is stored: its hash in the form of a UUIDv8, which differs
-- from every UUIDv7.
--
-- Stable, as convert_to() is: an immutable function would not be inlined, and the call would cost forty times as much.
create or replace function core.key_hash(p_key text)
returns uuid
language sql
stable
parallel safe
return overlay(encode(substr(sha256(convert_to(p_key, 'UTF8')), 1, 16), 'hex') placing '8' from 13 for 1)::uuid;

comment on function core.key_hash(text) is 'Returns the uuid of a key of any text; never a UUIDv7.';

-- Returns the advisory lock under which a key that contains no day is looked up and claimed.
create or replace function core.key_lock(p_tenant uuid, p_key_id uuid)
returns bigint
language sql
immutable
parallel safe
return uuid_hash_extended(p_key_id, uuid_hash_extended(p_tenant, 0));

comment on function core.key_lock(uuid, uuid) is 'Returns the advisory lock of a key of a tenant.';

-- Returns the latest day on which a key of any text may have been claimed, by any session: this day or a later one.
--
-- The sequence only grows. A day without a partition has no claims, so that a wrong clock cannot move the sequence
-- further than partitions exist.
create or replace function core.latest_key_day(p_day date)
returns date
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_epoch constant date := date '2000-01-01';
    v_number integer := p_day - v_epoch;
begin
    if pg_sequence_last_value('core.key_day') >= v_number then
        return v_epoch + pg_sequence_last_value('core.key_day')::integer;
    elsif to_regclass('parts.core__idempotency_key__' || to_char(p_day, 'YYYYMMDD')) is null then
        return p_day;
    end if;
    begin
        perform pg_advisory_xact_lock('core.key_day'::regclass::integer, 0);
        if (pg_sequence_last_value('core.key_day') >= v_number) is not true then
            perform setval('core.key_day', v_number);
        end if;
        -- the rollback releases only the lock, so that other sessions can take it before this transaction commits
        raise exception using errcode = 'P0001', message = 'rolls back to release the lock';
    exception when raise_exception then
        null;
    end;
    return v_epoch + pg_sequence_last_value('core.key_day')::integer;
end;
$$;

comment on function core.latest_key_day(date) is
'Returns the day, or a later day on which a key that is not a UUIDv7 was claimed. Stores the day when it is the latest. Errors: none; P0001 is raised and caught inside.';

-- Returns the time in a UUIDv7, whose first 48 bits are milliseconds since 1970; null for any other text.
--
-- It is one expression that the planner inlines, because a call or a regular expression would cost more than the work.
-- It is stable, as convert_to() is, since otherwise it would not be inlined. Digits are compared as bytes, because
-- comparing characters would take most of the time.
create or replace function core.key_time(p_key text)
returns timestamptz
language sql
stable
parallel safe
return case
    when
        p_key like any(array[
            '________-____-7___-8___-____________', '________-____-7___-9___-____________', '________-____-7___-a___-____________',
            '________-____-7___-b___-____________', '________-____-7___-A___-____________', '________-____-7___-B___-____________'
        ])
        and p_key not like '%-%-%-%-%-%'
        and ltrim(convert_to(p_key, 'UTF8'), '-0123456789abcdefABCDEF'::bytea) = ''::bytea
        then to_timestamp(('x' || overlay(left(p_key, 13) placing '' from 9 for 1))::bit(48)::bigint / 1000.0::double precision)
end;

comment on function core.key_time(text) is 'Returns the creation time in a UUIDv7, by the clock of its creator; null for any other text.';

-- revert: drop function core.key_time(text);
-- revert: drop function core.latest_key_day(date);
-- revert: drop function core.key_lock(uuid, uuid);
-- revert: drop function core.key_hash(text);
-- revert: drop function core.clock_tolerance();
-- revert: drop function core.idempotency_window();
