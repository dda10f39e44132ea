set local lock_timeout = '500ms';
lock table stock.shelf, stock.shelf_item in access exclusive mode;

alter table stock.shelf_item drop constraint shelf_item_tenant_given;
alter table stock.shelf drop constraint shelf_tenant_given;
