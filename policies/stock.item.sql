-- Readable by the applications of the shop, and by the builder for every shop. Only the functions in schema stock
-- write, as the owner and for one tenant.
alter table stock.item enable row level security, force row level security;

create policy own_tenant on stock.item
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy every_tenant on stock.item
for select to stanchion_builder
using (true);

create policy owner_for_tenant on stock.item
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select on stock.item to stanchion_app, stanchion_builder;

-- Not granted to any role: insert, update, delete. A price has to be changed by a function that audits it.

-- revert: select core.unsecure_relation('stock.item');
