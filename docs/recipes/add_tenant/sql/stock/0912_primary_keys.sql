-- Drops the old foreign key before the key that it refers to, and makes the new indexes the primary keys.
-- squawk-ignore-file ban-drop-constraint
set local lock_timeout = '500ms';
lock table stock.shelf, stock.shelf_item in access exclusive mode;

alter table stock.shelf_item drop constraint shelf_item_shelf_fk;
alter table stock.shelf_item drop constraint shelf_item_pk;
alter table stock.shelf_item add constraint shelf_item_pk primary key using index shelf_item_tenant_key;
alter table stock.shelf drop constraint shelf_pk;
alter table stock.shelf add constraint shelf_pk primary key using index shelf_tenant_key;
