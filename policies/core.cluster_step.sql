-- Readable by the owner, and so by DBAs, and by the builder, whose mirror follows the tenants that moved. Only
-- `stanchion cluster` writes it.
alter table core.cluster_step enable row level security, force row level security;

create policy every_step on core.cluster_step
for select to stanchion_builder
using (true);

create policy owner_all on core.cluster_step
for all to stanchion_owner
using (true)
with check (true);

grant select on core.cluster_step to stanchion_builder;

-- revert: select core.unsecure_relation('core.cluster_step');
