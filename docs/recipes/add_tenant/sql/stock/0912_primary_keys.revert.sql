-- Builds the indexes of the old keys under a lock, so run it when there is little traffic.
set local lock_timeout = '500ms';
lock table stock.shelf, stock.shelf_item in access exclusive mode;

alter table stock.shelf_item drop constraint shelf_item_tenant_shelf_fk;
alter table stock.shelf drop constraint shelf_pk;
alter table stock.shelf add constraint shelf_pk primary key (shelf_id);
create unique index shelf_tenant_key on stock.shelf (tenant_id, shelf_id);
alter table stock.shelf_item drop constraint shelf_item_pk;
alter table stock.shelf_item add constraint shelf_item_pk primary key (shelf_item_id);
create unique index shelf_item_tenant_key on stock.shelf_item (tenant_id, shelf_item_id);
alter table stock.shelf_item add constraint shelf_item_shelf_fk
foreign key (shelf_id) references stock.shelf (shelf_id);
alter table stock.shelf_item add constraint shelf_item_tenant_shelf_fk
foreign key (tenant_id, shelf_id) references stock.shelf (tenant_id, shelf_id);
