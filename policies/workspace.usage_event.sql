-- Readable by the applications of the tenant. workspace.record_usage appends. Append-only: there is no update policy,
-- not even for the owner. Expired days are dropped as partitions, and the rows of a deleted tenant are deleted.
alter table workspace.usage_event enable row level security, force row level security;

create policy own_tenant on workspace.usage_event
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy owner_reads_for_tenant on workspace.usage_event
for select to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator());

create policy owner_appends_for_tenant on workspace.usage_event
for insert to stanchion_owner
with check (tenant_id = core.current_tenant() or core.is_operator());

create policy owner_removes_for_tenant on workspace.usage_event
for delete to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator());

revoke update, truncate on workspace.usage_event from stanchion_owner;
grant select on workspace.usage_event to stanchion_app;

-- revert: select core.unsecure_relation('workspace.usage_event');
