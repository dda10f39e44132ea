-- The same keys as core.idempotency_key has, where claiming a key is compared with a plain insert.
with made as (
    insert into public.plain_key (tenant_id, key, claimed_at, lease_until, completed_at, response_code, fingerprint)
    select k.tenant_id, k.key_id::text, k.claimed_at, k.lease_until, k.completed_at, k.response_code, k.fingerprint
    from core.idempotency_key as k
    order by k.tenant_id, k.key_id
    returning *
)

insert into public.open_key
select * from made
