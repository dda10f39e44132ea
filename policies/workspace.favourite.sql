-- Readable by the principal who has the favourites, and by no other member of the tenant. On a cluster,
-- applications write through the node of the tenant only.
alter table workspace.favourite enable row level security, force row level security;

create policy own on workspace.favourite
for all to stanchion_app
using (tenant_id = core.current_tenant() and principal_id = core.current_principal())
with check (tenant_id = core.tenant_to_write() and principal_id = core.current_principal());

create policy owner_for_tenant on workspace.favourite
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select, insert on workspace.favourite to stanchion_app;

-- Not granted: delete, which includes locking the table against every tenant; workspace.remove_favourite deletes.

-- revert: select core.unsecure_relation('workspace.favourite');
