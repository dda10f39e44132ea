-- Readable by every role that reads marts. The rows contain nothing of a tenant. Only core.close_window writes them.
alter table core.stat_refresh enable row level security, force row level security;

create policy every_mart on core.stat_refresh
for select to stanchion_analyst, stanchion_builder
using (true);

create policy owner_all on core.stat_refresh
for all to stanchion_owner
using (true)
with check (true);

grant select on core.stat_refresh to stanchion_builder;
grant select (model, refreshed_at) on core.stat_refresh to stanchion_analyst;

-- Not granted to analysts: position, a number over the loads and transactions of all tenants.

-- revert: select core.unsecure_relation('core.stat_refresh');
