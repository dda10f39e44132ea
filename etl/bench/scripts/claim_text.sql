select outcome
from core.claim_key('order ' || gen_random_uuid(), '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', '30 s');
