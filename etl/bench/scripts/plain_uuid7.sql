\set ms :start_ms + random(0, 60000)
insert into plain_key (tenant_id, key, claimed_at, lease_until, fingerprint)
values (core.current_tenant(), left(lpad(to_hex(:ms::bigint), 12, '0'), 8) || '-' || right(to_hex(:ms::bigint), 4) || '-7' || substr(gen_random_uuid()::text, 16), clock_timestamp(), clock_timestamp() + '30 s', '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff')
on conflict do nothing;
