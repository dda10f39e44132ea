-- Both tables get the column, which may be null for now. Nothing is rewritten: the default is set after the
-- column is there, so that it is for new rows alone.
--
-- Both tables are locked before anything is done, and the wait for them is shorter than deadlock_timeout: where
-- a writer has one and wants the other, this gives way, and the deployer tries again.
--
-- From here on every writer has to say its tenant, and the default puts it into the rows.
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
