-- Who may see the catalog as deployed: the owner, and so the DBAs. There is nothing of a tenant in it.
alter table core.catalog_record enable row level security, force row level security;

create policy owner_all on core.catalog_record
for all to stanchion_owner
using (true)
with check (true);

-- revert: select core.unsecure_relation('core.catalog_record');
