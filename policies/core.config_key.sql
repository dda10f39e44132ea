-- Readable by every role that reads settings. The rows contain nothing of a tenant.
alter table core.config_key enable row level security, force row level security;

create policy everybody on core.config_key
for select to stanchion_app, stanchion_loader, stanchion_builder
using (true);

create policy owner_all on core.config_key
for all to stanchion_owner
using (true)
with check (true);

grant select on core.config_key to stanchion_app, stanchion_loader, stanchion_builder;

-- revert: select core.unsecure_relation('core.config_key');
