-- Reads both tables, and stops neither readers nor writers. It fails where a writer did not say its tenant.
alter table stock.shelf validate constraint shelf_tenant_given;
alter table stock.shelf_item validate constraint shelf_item_tenant_given;

-- revert: -- What was validated is taken back with the constraint.
-- revert: select 1;
