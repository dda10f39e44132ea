-- The time in a UUIDv7, whose first 48 bits are milliseconds since 1970; null for any other text.
--
-- One expression that is unfolded where it is called: a call would cost more than what it does. The
-- length of each part is left to the pattern of like: counting makes a regular expression slow.
create or replace function core.key_time(p_key text)
returns timestamptz
language sql
immutable
parallel safe
return case
    when
        p_key like '________-____-7___-____-____________'
        and p_key ~ '^[0-9a-fA-F]+-[0-9a-fA-F]+-7[0-9a-fA-F]+-[89abAB][0-9a-fA-F]+-[0-9a-fA-F]+$'
        then to_timestamp(('x0000' || substr(p_key, 1, 8) || substr(p_key, 10, 4))::bit(64)::bigint / 1000.0::double precision)
end;

comment on function core.key_time(text) is 'When a UUIDv7 was made, by the clock of its maker; null for any other text.';

-- revert: drop function core.key_time(text);
