-- Readable and writable by the applications of the shop, and by the owner for one tenant at a time.
alter table stock.shelf_item enable row level security, force row level security;

create policy own_tenant on stock.shelf_item
for all to stanchion_app
using (tenant_id = core.current_tenant())
with check (tenant_id = core.current_tenant());

create policy owner_for_tenant on stock.shelf_item
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select, insert, update, delete on stock.shelf_item to stanchion_app;

-- revert: select core.unsecure_relation('stock.shelf_item');
