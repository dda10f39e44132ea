-- Reads both tables without blocking readers or writers. Fails if a writer has not set its tenant.
alter table stock.shelf validate constraint shelf_tenant_given;
alter table stock.shelf_item validate constraint shelf_item_tenant_given;

-- revert: -- Reverting the module of the constraint drops it.
-- revert: select 1;
