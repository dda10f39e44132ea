-- What was asked before, and what was answered: at most once per tenant and key within the window.
--
-- The partition is the UTC day of the claim, which Postgres wants in the primary key; so the key
-- alone is unique within a day only, and core.claim_key sees to the rest. The key is kept as a
-- uuid whatever it was: narrow, and local in the index where its first bits are a time.
create table core.idempotency_key (
    tenant_id uuid not null,
    key_id uuid not null,
    claimed_on date not null,
    attempt integer not null,
    claimed_at timestamptz not null,
    lease_until timestamptz not null,
    completed_at timestamptz,
    response_code integer,
    fingerprint bytea not null,
    response_body bytea,
    constraint idempotency_key_pk primary key (tenant_id, key_id, claimed_on)
) partition by range (claimed_on);
comment on table core.idempotency_key is 'One row per tenant, key and UTC day of its first claim.';
comment on column core.idempotency_key.attempt is 'The fence: whoever holds an older attempt can no longer complete the key.';
comment on column core.idempotency_key.claimed_on is 'The day that a UUIDv7 was made, by its own time; for another key, the day of claimed_at.';

-- A type, and not four out parameters: the server looks up a type once and puts parameters together at every call.
create type core.key_claim as (outcome text, attempt integer, response_code integer, response_body bytea);
comment on type core.key_claim is 'What became of a claim; see core.claim_key.';

-- revert: drop type core.key_claim;
-- revert: drop table core.idempotency_key;
