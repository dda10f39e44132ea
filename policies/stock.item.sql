-- Who may see items: the shop's applications, and the builder, of every shop. They are changed by the
-- functions in schema stock alone, which work as the owner for one tenant.
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

-- Not granted to anybody: insert, update, delete. A price would be changed by a function that audits it.

-- revert: select core.unsecure_relation('stock.item');
