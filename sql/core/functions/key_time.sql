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
