-- Readable by the owner, and so by DBAs. The rows contain nothing of a tenant.
alter table core.operation enable row level security, force row level security;

create policy owner_all on core.operation
for all to stanchion_owner
using (true)
with check (true);

-- revert: select core.unsecure_relation('core.operation');
