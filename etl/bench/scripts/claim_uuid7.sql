select outcome
from (
    select left(h, 8) || '-' || right(h, 4) || '-7' || substr(gen_random_uuid()::text, 16)
    as key
    from lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') as h
) as k, core.claim_key(k.key, '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', '30 s');
