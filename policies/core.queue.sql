-- Readable by job workers, and by the owner for its functions. The rows contain nothing of a tenant.
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
