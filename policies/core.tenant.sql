-- Readable by the applications and the loader of the tenant, by the analysts it was granted to, and by the builder
-- for all tenants. Only the owner creates, renames and suspends tenants.
--
-- The policies of marts compare the grants once per statement in a sub-select, which Citus refuses for this table.
alter table core.tenant enable row level security, force row level security;

create policy own_tenant on core.tenant
for select to stanchion_app, stanchion_loader
using (tenant_id = core.current_tenant());

create policy granted_tenants on core.tenant
for select to stanchion_analyst
using (
    tenant_id = any(core.granted_tenants())
    and case when tenant_id = any(core.granted_tenants()) then core.is_readable(tenant_id) end
);

create policy every_tenant on core.tenant
for select to stanchion_builder
using (true);

create policy owner_all on core.tenant
for all to stanchion_owner
using (true)
with check (true);

grant select on core.tenant to stanchion_app, stanchion_loader, stanchion_builder;
grant select (tenant_id, name, kind, status) on core.tenant to stanchion_analyst;

-- Not granted to analysts: slug. Its index does not begin with the tenant, and EXPLAIN ANALYZE prints the number of rows
-- that a policy removed, which is enough to find out the slug of every other tenant.

-- revert: select core.unsecure_relation('core.tenant');
