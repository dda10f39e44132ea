-- Adds the new foreign keys before the old one is dropped, so a foreign key exists at every moment. They are not valid yet:
-- new rows are checked, and old rows are not read under the lock.
set local lock_timeout = '500ms';
lock table stock.shelf, stock.shelf_item in access exclusive mode;

alter table stock.shelf add constraint shelf_tenant_fk
foreign key (tenant_id) references core.tenant (tenant_id) not valid;
alter table stock.shelf_item add constraint shelf_item_tenant_shelf_fk
foreign key (tenant_id, shelf_id) references stock.shelf (tenant_id, shelf_id) not valid;

-- revert: set local lock_timeout = '500ms';
-- revert: lock table stock.shelf, stock.shelf_item in access exclusive mode;
-- revert: 
-- revert: alter table stock.shelf_item drop constraint shelf_item_tenant_shelf_fk;
-- revert: alter table stock.shelf drop constraint shelf_tenant_fk;
