\set ms :start_ms + random(0, 60000)
select outcome
from core.claim_key(left(lpad(to_hex(:ms::bigint), 12, '0'), 8) || '-' || right(to_hex(:ms::bigint), 4) || '-7' || substr(gen_random_uuid()::text, 16), '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', '30 s');
