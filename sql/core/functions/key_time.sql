-- The time in a UUIDv7, whose first 48 bits are milliseconds since 1970; null for any other text.
--
-- One expression that is unfolded where it is called: a call would cost more than what it does, and
-- so would a regular expression.
create or replace function core.key_time(p_key text)
returns timestamptz
language sql
immutable
parallel safe
return case
    when
        p_key like '________-____-7___-____-____________'
        and translate(p_key, '0123456789abcdefABCDEF', '') = '----'
        and strpos('89abAB', substr(p_key, 20, 1)) > 0
        then to_timestamp(('x0000' || substr(p_key, 1, 8) || substr(p_key, 10, 4))::bit(64)::bigint / 1000.0::double precision)
end;

comment on function core.key_time(text) is 'When a UUIDv7 was made, by the clock of its maker; null for any other text.';

-- revert: drop function core.key_time(text);
