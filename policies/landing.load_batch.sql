-- Readable by the loader of the tenant, and by the builder, which has to know the data that may still come. Functions
-- begin and end loads, holding a lock while a load lives.
alter table landing.load_batch enable row level security, force row level security;

create policy own_tenant on landing.load_batch
for select to stanchion_loader
using (tenant_id = core.current_tenant());

create policy every_tenant on landing.load_batch
for select to stanchion_builder
using (true);

create policy owner_for_tenant on landing.load_batch
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select on landing.load_batch to stanchion_builder;
grant select on landing.load_batch to stanchion_loader;

-- Not granted: insert, update, delete. landing.begin_load, landing.finish_load and landing.reap_loads write.

-- revert: select core.unsecure_relation('landing.load_batch');
