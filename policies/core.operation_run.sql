-- Readable by the owner, and so by DBAs. The rows contain nothing of a tenant.
alter table core.operation_run enable row level security, force row level security;

create policy owner_all on core.operation_run
for all to stanchion_owner
using (true)
with check (true);

-- revert: select core.unsecure_relation('core.operation_run');
