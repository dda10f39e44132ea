-- Reads the rows, and stops neither readers nor writers.
alter table stock.shelf validate constraint shelf_tenant_fk;
alter table stock.shelf_item validate constraint shelf_item_tenant_shelf_fk;

-- revert: -- What was validated is taken back with the constraint.
-- revert: select 1;
