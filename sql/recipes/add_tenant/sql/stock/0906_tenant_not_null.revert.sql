set local lock_timeout = '500ms';
lock table stock.shelf, stock.shelf_item in access exclusive mode;

alter table stock.shelf_item add constraint shelf_item_tenant_given check (tenant_id is not null) not valid;
alter table stock.shelf_item alter column tenant_id drop not null;
alter table stock.shelf add constraint shelf_tenant_given check (tenant_id is not null) not valid;
alter table stock.shelf alter column tenant_id drop not null;
