-- Readable by the owner, and so by DBAs, and by the builder, whose mirror drops the game days that have expired. The
-- rows contain nothing of a tenant.
alter table core.partition_log enable row level security, force row level security;

create policy every_row on core.partition_log
for select to stanchion_builder
using (true);

create policy owner_all on core.partition_log
for all to stanchion_owner
using (true)
with check (true);

grant select on core.partition_log to stanchion_builder;

-- revert: select core.unsecure_relation('core.partition_log');
