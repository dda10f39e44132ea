-- Readable by the owner only. workspace.online_batch returns what the acting principal may know.
alter table workspace.presence enable row level security, force row level security;

create policy owner_for_tenant on workspace.presence
for all to stanchion_owner
using (tenant_id = (select core.current_tenant()) or (select core.is_operator()))
with check (tenant_id = (select core.current_tenant()) or (select core.is_operator()));

-- revert: select core.unsecure_relation('workspace.presence');
