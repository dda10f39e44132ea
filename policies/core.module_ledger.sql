-- Who may see what is deployed: the owner, and so the DBAs. There is nothing of a tenant in it.
alter table core.module_ledger enable row level security, force row level security;

create policy owner_all on core.module_ledger
for all to stanchion_owner
using (true)
with check (true);

-- revert: select core.unsecure_relation('core.module_ledger');
