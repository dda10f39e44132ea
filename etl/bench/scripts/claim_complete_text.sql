\set a random(1, 9000000000000000000)
select outcome
from core.claim_key('order ' || to_hex(:a::bigint), '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', '30 s');
select core.complete_key('order ' || to_hex(:a::bigint), 1, 200, '\x4f4b');
