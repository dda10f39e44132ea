-- Readable by the principal who blocked. The blocked member is not informed; workspace.online_batch reads both sides. On a
-- cluster, applications write through the node of the tenant only.
alter table workspace.block enable row level security, force row level security;

create policy own on workspace.block
for all to stanchion_app
using (tenant_id = core.current_tenant() and principal_id = core.current_principal())
with check (tenant_id = core.tenant_to_write() and principal_id = core.current_principal());

create policy owner_for_tenant on workspace.block
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select, insert on workspace.block to stanchion_app;

-- Not granted: delete, which includes locking the table against every tenant; workspace.unblock deletes.

-- revert: select core.unsecure_relation('workspace.block');
