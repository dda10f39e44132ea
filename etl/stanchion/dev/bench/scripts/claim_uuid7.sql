\set ms :start_ms + random(0, 60000)
\set a random(1000000000000000000, 9000000000000000000)
begin;
select set_config('app.tenant_id', current_setting('app.tenant_id'), true);
select outcome
from core.claim_key('0' || overlay(to_hex(:ms::bigint) placing '-' from 8 for 0) || '-7' || left(:a::text, 3) || '-8' || substr(:a::text, 4, 3) || '-' || substr(:a::text, 7, 12), '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', '30 s');
commit;
