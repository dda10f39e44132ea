drop table core.idempotency_key;
