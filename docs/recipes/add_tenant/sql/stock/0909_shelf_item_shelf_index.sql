-- no-transaction
-- Serves: the foreign key to the shelf.
create index concurrently shelf_item_tenant_shelf_idx on stock.shelf_item (tenant_id, shelf_id);

-- revert: drop index concurrently if exists stock.shelf_item_tenant_shelf_idx;
