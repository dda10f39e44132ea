select buy_for_update('00000000-0000-0000-0000-000000000001', 1, gen_random_uuid()::text);
