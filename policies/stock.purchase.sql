-- Who may see purchases: the shop's applications, and the builder, of every shop. They are written by
-- stock.buy and stock.fulfil, and never changed: no policy lets anybody, not even the owner. It may delete
-- them, with a shop that goes, and keeps the right to update since the foreign key to the item, which locks
-- them then, asks for it.
alter table stock.purchase enable row level security, force row level security;

create policy own_tenant on stock.purchase
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy every_tenant on stock.purchase
for select to stanchion_builder
using (true);

create policy owner_reads_for_tenant on stock.purchase
for select to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator());

create policy owner_appends_for_tenant on stock.purchase
for insert to stanchion_owner
with check (tenant_id = core.current_tenant() or core.is_operator());

create policy owner_removes_for_tenant on stock.purchase
for delete to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator());

revoke truncate on stock.purchase from stanchion_owner;
grant select (
    tenant_id, order_key, item_id, qty, state, reason, price, available, ordered_at, decided_at
) on stock.purchase to stanchion_app;
grant select on stock.purchase to stanchion_builder;

-- Not granted: the transaction to applications, since its index is of all shops.

-- revert: select core.unsecure_relation('stock.purchase');
