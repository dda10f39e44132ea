select outcome
from (select gen_random_uuid()::text as key) as k, core.claim_key(k.key, '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', '30 s');
