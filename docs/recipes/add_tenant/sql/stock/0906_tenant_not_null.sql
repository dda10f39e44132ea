-- The validated check proves that no tenant is null, so no row is read under the lock. The check is then dropped.
-- squawk-ignore-file adding-not-nullable-field, ban-drop-constraint
set local lock_timeout = '500ms';
lock table stock.shelf, stock.shelf_item in access exclusive mode;

alter table stock.shelf alter column tenant_id set not null;
alter table stock.shelf drop constraint shelf_tenant_given;
alter table stock.shelf_item alter column tenant_id set not null;
alter table stock.shelf_item drop constraint shelf_item_tenant_given;

-- revert: set local lock_timeout = '500ms';
-- revert: lock table stock.shelf, stock.shelf_item in access exclusive mode;
-- revert: 
-- revert: alter table stock.shelf_item add constraint shelf_item_tenant_given check (tenant_id is not null) not valid;
-- revert: alter table stock.shelf_item alter column tenant_id drop not null;
-- revert: alter table stock.shelf add constraint shelf_tenant_given check (tenant_id is not null) not valid;
-- revert: alter table stock.shelf alter column tenant_id drop not null;
