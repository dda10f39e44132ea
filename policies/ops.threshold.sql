-- Readable by operators. The rows contain nothing of a tenant.
alter table ops.threshold enable row level security, force row level security;

create policy owner_all on ops.threshold
for all to stanchion_owner
using (true)
with check (true);

-- revert: select core.unsecure_relation('ops.threshold');
