-- Who may see a tenant: its applications and loader, and the analysts it was granted to. The
-- builder joins all of them. Only the owner makes, renames and suspends tenants.
alter table core.tenant enable row level security, force row level security;

create policy own_tenant on core.tenant
for select to stanchion_app, stanchion_loader
using (tenant_id = core.current_tenant());

create policy granted_tenants on core.tenant
for select to stanchion_analyst
using (tenant_id = any(core.readable_tenants()));

create policy every_tenant on core.tenant
for select to stanchion_builder
using (true);

create policy owner_all on core.tenant
for all to stanchion_owner
using (true)
with check (true);

grant select on core.tenant to stanchion_app, stanchion_loader, stanchion_builder;
grant select (tenant_id, name, kind, status) on core.tenant to stanchion_analyst;

-- Not granted to analysts: slug. It has an index that does not begin with the tenant, and EXPLAIN
-- ANALYZE tells how many rows of it a policy removed: enough to spell out every other tenant's.

-- revert: select core.unsecure_relation('core.tenant');
