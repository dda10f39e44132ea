-- Readable by the applications of the shop, and by the builder for every shop. stock.buy and stock.fulfil write.
-- Append-only: there is no update policy, not even for the owner. The owner may delete the purchases of a deleted
-- shop, and keeps the right to update because the foreign key to the item locks purchases, which requires it.
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

-- Not granted to applications: transaction_id, whose index contains all shops.

-- revert: select core.unsecure_relation('stock.purchase');
