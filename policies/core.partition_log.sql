-- Who may see what became of each day: the owner, and so the DBAs. There is nothing of a tenant in it.
alter table core.partition_log enable row level security, force row level security;

create policy owner_all on core.partition_log
for all to stanchion_owner
using (true)
with check (true);

-- revert: select core.unsecure_relation('core.partition_log');
