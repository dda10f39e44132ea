-- Readable by the applications of the tenant, and by the builder for every tenant. workspace.record_usage writes.
-- The policy of the owner compares the text of the setting first, which is the cheapest condition for statements that
-- read many rows (docs/planner.md).
alter table workspace.usage_daily enable row level security, force row level security;

create policy own_tenant on workspace.usage_daily
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy every_tenant on workspace.usage_daily
for select to stanchion_builder
using (true);

create policy owner_for_tenant on workspace.usage_daily
for all to stanchion_owner
using (
    tenant_id::text = current_setting('app.tenant_id', true) or core.is_operator() or tenant_id = core.current_tenant()
)
with check (
    tenant_id::text = current_setting('app.tenant_id', true) or core.is_operator() or tenant_id = core.current_tenant()
);

grant select on workspace.usage_daily to stanchion_app, stanchion_builder;

-- revert: select core.unsecure_relation('workspace.usage_daily');
