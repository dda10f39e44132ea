-- Readable by the applications of the tenant, for caches that stay valid while nothing changes.
alter table workspace.tenant_state enable row level security, force row level security;

create policy own_tenant on workspace.tenant_state
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy owner_for_tenant on workspace.tenant_state
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select on workspace.tenant_state to stanchion_app;

-- Not granted: update. workspace.touch records changes.

-- revert: select core.unsecure_relation('workspace.tenant_state');
