-- Refuses new rows without a tenant. The check is not valid yet, so that no row is read under the lock.
set local lock_timeout = '500ms';
lock table stock.shelf, stock.shelf_item in access exclusive mode;

alter table stock.shelf add constraint shelf_tenant_given check (tenant_id is not null) not valid;
alter table stock.shelf_item add constraint shelf_item_tenant_given check (tenant_id is not null) not valid;

-- revert: set local lock_timeout = '500ms';
-- revert: lock table stock.shelf, stock.shelf_item in access exclusive mode;
-- revert: 
-- revert: alter table stock.shelf_item drop constraint shelf_item_tenant_given;
-- revert: alter table stock.shelf drop constraint shelf_tenant_given;
