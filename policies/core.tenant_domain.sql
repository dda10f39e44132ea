-- Readable by the applications of the tenant. Other callers look up one host name at a time with
-- core.tenant_for_domain.
alter table core.tenant_domain enable row level security, force row level security;

create policy own_tenant on core.tenant_domain
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy owner_all on core.tenant_domain
for all to stanchion_owner
using (true)
with check (true);

grant select on core.tenant_domain to stanchion_app;

-- revert: select core.unsecure_relation('core.tenant_domain');
