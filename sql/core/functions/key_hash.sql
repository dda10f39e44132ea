-- The id under which any key but a UUIDv7 is kept: its hash, in the form of a UUIDv8, which no
-- client's UUIDv7 is.
create or replace function core.key_hash(p_key text)
returns uuid
language sql
immutable
parallel safe
return overlay(left(encode(sha256(convert_to(p_key, 'UTF8')), 'hex'), 32) placing '8' from 13 for 1)::uuid;

comment on function core.key_hash(text) is 'The id of a key of any text; never that of a UUIDv7.';

-- revert: drop function core.key_hash(text);
