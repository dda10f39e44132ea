-- Readable by operators and by job workers, which end sessions over the limits. The rows contain nothing of a tenant.
alter table ops.session_limit enable row level security, force row level security;

create policy owner_all on ops.session_limit
for all to stanchion_owner
using (true)
with check (true);

create policy all_limits on ops.session_limit
for select to stanchion_worker
using (true);

grant select on ops.session_limit to stanchion_worker;

-- revert: select core.unsecure_relation('ops.session_limit');
