-- For how long a key is remembered. Not longer than a day: core.claim_key looks at today and yesterday.
create or replace function core.idempotency_window()
returns interval
language sql
immutable
parallel safe
return interval '24 hours';

comment on function core.idempotency_window() is 'How long a claim of a key counts, from its first claim on; for a UUIDv7 from when it was made.';

-- How far the clocks of those who make keys, and of the servers that keep them, may differ.
create or replace function core.clock_tolerance()
returns interval
language sql
immutable
parallel safe
return interval '5 minutes';

comment on function core.clock_tolerance() is 'How far ahead of the clock a key may have been made or claimed.';

-- The id under which any key but a UUIDv7 is kept: its hash, in the form of a UUIDv8, which no
-- client's UUIDv7 is.
--
-- Stable, as convert_to() is: called immutable it would not be unfolded, and a call costs forty times as much.
create or replace function core.key_hash(p_key text)
returns uuid
language sql
stable
parallel safe
return overlay(encode(substr(sha256(convert_to(p_key, 'UTF8')), 1, 16), 'hex') placing '8' from 13 for 1)::uuid;

comment on function core.key_hash(text) is 'The id of a key of any text; never that of a UUIDv7.';

-- The number of the advisory lock under which a key without a day in it is looked for and claimed.
create or replace function core.key_lock(p_tenant uuid, p_key_id uuid)
returns bigint
language sql
immutable
parallel safe
return uuid_hash_extended(p_key_id, uuid_hash_extended(p_tenant, 0));

comment on function core.key_lock(uuid, uuid) is 'The advisory lock of a key of a tenant.';

-- The time in a UUIDv7, whose first 48 bits are milliseconds since 1970; null for any other text.
--
-- One expression that is unfolded where it is called: a call would cost more than what it does, and so would a
-- regular expression. It is stable, as convert_to() is, without which it would not be unfolded. Digits are
-- recognised as bytes, where characters would take most of the time.
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

comment on function core.key_time(text) is 'When a UUIDv7 was made, by the clock of its maker; null for any other text.';

-- revert: drop function core.key_time(text);
-- revert: drop function core.key_lock(uuid, uuid);
-- revert: drop function core.key_hash(text);
-- revert: drop function core.clock_tolerance();
-- revert: drop function core.idempotency_window();
