-- Idempotency keys with the fingerprint of their request and its response. A request runs at most once per tenant and
-- key within the window.
--
-- Postgres requires the partition key, the UTC day of the claim, in the primary key. So the primary key makes a key
-- unique within one day, and core.claim_key makes it unique across days. Every key is stored as a uuid: narrow, and
-- local in the index when its first bits are a time.
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
comment on column core.idempotency_key.attempt is 'Fencing token: a caller with an older attempt can no longer complete the key.';
comment on column core.idempotency_key.claimed_on is 'UTC day in the UUIDv7 itself; for another key, the UTC day of claimed_at.';

-- The latest day, counted from 2000-01-01, on which a key of any text was claimed. A claim by a clock that is behind that
-- day looks at the later days too.
--
-- A sequence, because it is outside transactions: every session sees at once, at every isolation level, that a day has
-- begun for another session.
create sequence core.key_day minvalue 0;
comment on sequence core.key_day is 'The latest day on which a key that is not a UUIDv7 was claimed, in days since 2000-01-01.';

-- A type instead of four out parameters: the server looks up a type once, and builds out parameters at every call.
create type core.key_claim as (outcome text, attempt integer, response_code integer, response_body bytea);
comment on type core.key_claim is 'Outcome of a claim; see core.claim_key.';

-- revert: drop type core.key_claim;
-- revert: drop sequence core.key_day;
-- revert: drop table core.idempotency_key;
