\set ms :start_ms + random(0, 60000)
\set a random(1, 9000000000000000000)
select outcome
from core.claim_key(left(lpad(to_hex(:ms::bigint), 12, '0'), 8) || '-' || right(to_hex(:ms::bigint), 4) || '-7000-8000-' || right(lpad(to_hex(:a::bigint), 12, '0'), 12), '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', '30 s');
select core.complete_key(left(lpad(to_hex(:ms::bigint), 12, '0'), 8) || '-' || right(to_hex(:ms::bigint), 4) || '-7000-8000-' || right(lpad(to_hex(:a::bigint), 12, '0'), 12), 1, 200, '\x4f4b');
