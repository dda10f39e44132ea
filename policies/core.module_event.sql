-- Who may see what was deployed and when: the owner, and so the DBAs. There is nothing of a tenant in it.
alter table core.module_event enable row level security, force row level security;

create policy owner_all on core.module_event
for all to stanchion_owner
using (true)
with check (true);

-- revert: select core.unsecure_relation('core.module_event');
