-- Readable by the owner, and so by DBAs. The rows contain nothing of a tenant.
alter table core.catalog_record enable row level security, force row level security;

create policy owner_all on core.catalog_record
for all to stanchion_owner
using (true)
with check (true);

-- revert: select core.unsecure_relation('core.catalog_record');
