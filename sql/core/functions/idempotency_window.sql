-- For how long a key is remembered. Not longer than a day: core.claim_key looks at today and yesterday.
create or replace function core.idempotency_window()
returns interval
language sql
immutable
parallel safe
return interval '24 hours';

comment on function core.idempotency_window() is 'How long a claim of a key counts, from its first claim on; for a UUIDv7 from when it was made.';

-- revert: drop function core.idempotency_window();
