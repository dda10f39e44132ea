-- no-transaction
drop index concurrently if exists stock.shelf_tenant_key;
