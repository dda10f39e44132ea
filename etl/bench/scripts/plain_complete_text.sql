\set a random(1, 9000000000000000000)
insert into plain_key (tenant_id, key, claimed_at, lease_until, fingerprint)
values (core.current_tenant(), 'order ' || to_hex(:a::bigint), clock_timestamp(), clock_timestamp() + '30 s', '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff')
on conflict do nothing;
update plain_key
set completed_at = clock_timestamp(), response_code = 200, response_body = '\x4f4b'
where tenant_id = core.current_tenant() and key = 'order ' || to_hex(:a::bigint) and attempt = 1 and completed_at is null;
