-- Who may see which queues there are: workers, and the owner, whose functions ask. There is nothing of a
-- tenant in it.
alter table core.queue enable row level security, force row level security;

create policy everybody on core.queue
for select to stanchion_worker
using (true);

create policy owner_all on core.queue
for all to stanchion_owner
using (true)
with check (true);

grant select on core.queue to stanchion_worker;

-- revert: select core.unsecure_relation('core.queue');
