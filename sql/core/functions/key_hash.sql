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

-- revert: drop function core.key_hash(text);
