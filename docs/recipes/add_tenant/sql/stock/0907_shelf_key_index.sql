-- no-transaction
-- Index of the future primary key.
create unique index concurrently shelf_tenant_key on stock.shelf (tenant_id, shelf_id);

-- revert: drop index concurrently if exists stock.shelf_tenant_key;
