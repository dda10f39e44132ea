\set a random(1000000000000000000, 9000000000000000000)
\set b random(1000000000000000000, 9000000000000000000)
begin;
select set_config('app.tenant_id', current_setting('app.tenant_id'), true);
insert into plain_key (tenant_id, key, claimed_at, lease_until, fingerprint)
values (core.current_tenant(), 'order-' || :a || :b, clock_timestamp(), clock_timestamp() + '30 s', '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff')
on conflict do nothing;
commit;
begin;
select set_config('app.tenant_id', current_setting('app.tenant_id'), true);
update plain_key
set completed_at = clock_timestamp(), response_code = 200, response_body = '\x4f4b'
where tenant_id = core.current_tenant() and key = 'order-' || :a || :b and attempt = 1 and completed_at is null;
commit;
