-- Reads both tables without blocking readers or writers.
alter table stock.shelf validate constraint shelf_tenant_fk;
alter table stock.shelf_item validate constraint shelf_item_tenant_shelf_fk;

-- revert: -- Reverting the module of the constraint drops it.
-- revert: select 1;
