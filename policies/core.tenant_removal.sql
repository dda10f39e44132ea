-- Readable and writable by the owner, and so by DBAs. The rows have no id of a tenant.
alter table core.tenant_removal enable row level security, force row level security;

create policy owner_all on core.tenant_removal
for all to stanchion_owner
using (true)
with check (true);

-- revert: select core.unsecure_relation('core.tenant_removal');
