insert into plain_key (tenant_id, key, claimed_at, lease_until, fingerprint)
select core.current_tenant(), gen_random_uuid()::text, clock_timestamp(), clock_timestamp() + '30 s', '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'
on conflict do nothing;
