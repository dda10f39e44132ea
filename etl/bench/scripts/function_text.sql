select outcome
from claim_plainly('order ' || gen_random_uuid(), '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', '30 s');
