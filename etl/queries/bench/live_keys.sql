-- So many keys, claimed today, as many on each side of whatever comes next: spread evenly, and put in
-- in their order, which takes a minute instead of ten.
insert into core.idempotency_key (
    tenant_id, key_id, claimed_on, attempt, claimed_at, lease_until, completed_at, response_code, fingerprint
)
select
    (select core.required_tenant()),
    (lpad(to_hex(n * (281474976710656 / (select current_setting('bench.rows')::bigint))), 12, '0') || '8000800000000000' || '0000')::uuid,
    core.utc_day(clock_timestamp()),
    1,
    clock_timestamp(),
    clock_timestamp(),
    clock_timestamp(),
    200,
    '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'
from generate_series(0, current_setting('bench.rows')::bigint - 1) as n
