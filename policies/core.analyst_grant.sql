-- Who may see what analysts were granted: nobody but the owner. core.readable_tenants answers for the
-- login that asks, and for no other.
alter table core.analyst_grant enable row level security, force row level security;

create policy owner_all on core.analyst_grant
for all to stanchion_owner
using (true)
with check (true);

-- revert: select core.unsecure_relation('core.analyst_grant');
