-- Readable by the applications and the loader of the tenant, and by the builder, which reads the league rules of
-- every tenant. Only the owner writes, one tenant at a time. Analysts read league rules from marts.
alter table core.tenant_config enable row level security, force row level security;

create policy own_tenant on core.tenant_config
for select to stanchion_app, stanchion_loader
using (tenant_id = core.current_tenant());

create policy every_tenant on core.tenant_config
for select to stanchion_builder
using (true);

create policy owner_for_tenant on core.tenant_config
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select on core.tenant_config to stanchion_app, stanchion_loader, stanchion_builder;

-- revert: select core.unsecure_relation('core.tenant_config');
