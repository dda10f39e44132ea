-- The same keys as core.idempotency_key has, as long as those that the scripts make, where claiming a key is compared
-- with a plain insert.
insert into public.plain_key (tenant_id, key, claimed_at, lease_until, completed_at, response_code, fingerprint)
select
    k.tenant_id,
    'order-' || translate(k.key_id::text, '-', '') || '000000',
    k.claimed_at,
    k.lease_until,
    k.completed_at,
    k.response_code,
    k.fingerprint
from core.idempotency_key as k
order by k.tenant_id, k.key_id
