-- Readable by every role that acts for tenants, since core.tenant_to_write reads it. The row contains nothing of a tenant.
-- Only `stanchion cluster` writes it.
alter table core.cluster enable row level security, force row level security;

create policy everybody on core.cluster
for select to stanchion_app, stanchion_loader, stanchion_worker, stanchion_builder
using (true);

create policy owner_all on core.cluster
for all to stanchion_owner
using (true)
with check (true);

grant select on core.cluster to stanchion_app, stanchion_loader, stanchion_worker, stanchion_builder;

-- revert: select core.unsecure_relation('core.cluster');
