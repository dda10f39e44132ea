set local lock_timeout = '500ms';
lock table stock.shelf, stock.shelf_item in access exclusive mode;

alter table stock.shelf_item drop column tenant_id;
alter table stock.shelf drop column tenant_id;
