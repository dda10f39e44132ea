drop type core.key_claim;
drop table core.idempotency_key;
