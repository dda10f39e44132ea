-- Readable by the owner only. core.readable_tenants returns the grants of the calling login and of no other.
alter table core.analyst_grant enable row level security, force row level security;

create policy owner_all on core.analyst_grant
for all to stanchion_owner
using (true)
with check (true);

-- revert: select core.unsecure_relation('core.analyst_grant');
