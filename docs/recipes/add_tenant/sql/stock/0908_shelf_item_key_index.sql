-- no-transaction
-- Index of the future primary key.
create unique index concurrently shelf_item_tenant_key on stock.shelf_item (tenant_id, shelf_item_id);

-- revert: drop index concurrently if exists stock.shelf_item_tenant_key;
