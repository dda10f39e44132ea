-- Readable by the applications of the tenant, and by the builder for every tenant, to count members.
alter table core.membership enable row level security, force row level security;

create policy own_tenant on core.membership
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy every_tenant on core.membership
for select to stanchion_builder
using (true);

create policy owner_for_tenant on core.membership
for all to stanchion_owner
using (tenant_id = (select core.current_tenant()) or (select core.is_operator()))
with check (tenant_id = (select core.current_tenant()) or (select core.is_operator()));

grant select on core.membership to stanchion_app, stanchion_builder;

-- Not granted: update. Only core.add_member changes a role, after it has checked the caller.

-- revert: select core.unsecure_relation('core.membership');
