-- Readable by the applications of the shop, and by the builder for every shop. Append-only: there is no update
-- policy, not even for the owner. The functions that move stock write.
alter table stock.movement enable row level security, force row level security;

create policy own_tenant on stock.movement
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy every_tenant on stock.movement
for select to stanchion_builder
using (true);

create policy owner_reads_for_tenant on stock.movement
for select to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator());

create policy owner_appends_for_tenant on stock.movement
for insert to stanchion_owner
with check (tenant_id = core.current_tenant() or core.is_operator());

create policy owner_removes_for_tenant on stock.movement
for delete to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator());

revoke truncate on stock.movement from stanchion_owner;
grant select (
    tenant_id, item_id, movement_id, kind, qty, available, moved_at
) on stock.movement to stanchion_app;
grant select on stock.movement to stanchion_builder;

-- Not granted to applications: transaction_id, whose index contains all shops.

-- revert: select core.unsecure_relation('stock.movement');
