-- Who may see loads: the loader, of its tenant, and the builder, which needs to know what may still be
-- coming. They are begun and ended by functions, which hold a lock for as long as a load lives.
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

-- Not granted: any writing. landing.begin_load, landing.finish_load and landing.reap_loads do it.

-- revert: select core.unsecure_relation('landing.load_batch');
