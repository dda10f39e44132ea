-- Adds the nullable column to both tables. No row is rewritten: the default is set after the column exists, so it applies to
-- new rows only.
--
-- Both tables are locked first, and the wait is shorter than deadlock_timeout. If a writer has locked one table and waits for
-- the other, this module fails before the writer does, and the deployer retries it.
--
-- From here on every writer must set its tenant, which the default writes into new rows.
set local lock_timeout = '500ms';
lock table stock.shelf, stock.shelf_item in access exclusive mode;

alter table stock.shelf add column tenant_id uuid;
alter table stock.shelf alter column tenant_id set default core.current_tenant();
alter table stock.shelf_item add column tenant_id uuid;
alter table stock.shelf_item alter column tenant_id set default core.current_tenant();

-- revert: set local lock_timeout = '500ms';
-- revert: lock table stock.shelf, stock.shelf_item in access exclusive mode;
-- revert: 
-- revert: alter table stock.shelf_item drop column tenant_id;
-- revert: alter table stock.shelf drop column tenant_id;
