-- Readable by the loader of the tenant.
alter table landing.choice enable row level security, force row level security;

create policy own_tenant on landing.choice
for select to stanchion_loader
using (tenant_id = core.current_tenant());

create policy owner_for_tenant on landing.choice
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select on landing.choice to stanchion_loader;

-- Not granted: insert, update, delete. landing.choose_revision writes, and audits the decision.

-- revert: select core.unsecure_relation('landing.choice');
