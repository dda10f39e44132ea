-- Readable by operators. The rows contain nothing of a tenant.
alter table ops.table_size enable row level security, force row level security;

create policy owner_all on ops.table_size
for all to stanchion_owner
using (true)
with check (true);

-- revert: select core.unsecure_relation('ops.table_size');
