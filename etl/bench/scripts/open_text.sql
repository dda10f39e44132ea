insert into open_key (tenant_id, key, claimed_at, lease_until, fingerprint)
values (core.current_tenant(), 'order ' || gen_random_uuid(), clock_timestamp(), clock_timestamp() + '30 s', '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff')
on conflict do nothing;
