insert into plain_key (tenant_id, key, claimed_at, lease_until, fingerprint)
select core.current_tenant(), left(h, 8) || '-' || right(h, 4) || '-7' || substr(gen_random_uuid()::text, 16), clock_timestamp(), clock_timestamp() + '30 s', '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff' from lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') as h
on conflict do nothing;
