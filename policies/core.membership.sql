-- Readable by the applications of the tenant, and by the builder for every tenant, to count members.
alter table core.membership enable row level security, force row level security;

create policy own_tenant on core.membership
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy every_tenant on core.membership
for select to stanchion_builder
using (true);

-- The first comparison is cheap per row: functions of the workspace read the members of a tenant (docs/planner.md).
create policy owner_for_tenant on core.membership
for all to stanchion_owner
using (tenant_id::text = current_setting('app.tenant_id', true) or core.is_operator() or tenant_id = core.current_tenant())
with check (tenant_id::text = current_setting('app.tenant_id', true) or core.is_operator() or tenant_id = core.current_tenant());

grant select on core.membership to stanchion_app, stanchion_builder;

-- Not granted: update. Only core.add_member changes a role, after it has checked the caller.

-- revert: select core.unsecure_relation('core.membership');
