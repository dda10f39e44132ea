\set a random(1000000000000000000, 9000000000000000000)
\set b random(1000000000000000000, 9000000000000000000)
begin;
select core.set_local('app.tenant_id', current_setting('app.tenant_id'));
select outcome
from core.claim_key('order-' || :a || :b, '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', '30 s');
commit;
