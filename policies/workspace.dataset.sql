-- Readable by the applications of the tenant, and by the builder for every tenant. Only the functions in schema
-- workspace write.
alter table workspace.dataset enable row level security, force row level security;

create policy own_tenant on workspace.dataset
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy every_tenant on workspace.dataset
for select to stanchion_builder
using (true);

create policy owner_for_tenant on workspace.dataset
for all to stanchion_owner
using (tenant_id = (select core.current_tenant()) or (select core.is_operator()))
with check (tenant_id = (select core.current_tenant()) or (select core.is_operator()));

grant select on workspace.dataset to stanchion_app, stanchion_builder;

-- revert: select core.unsecure_relation('workspace.dataset');
