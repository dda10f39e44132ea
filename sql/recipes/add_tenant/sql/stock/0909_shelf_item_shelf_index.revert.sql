-- no-transaction
drop index concurrently if exists stock.shelf_item_tenant_shelf_idx;
