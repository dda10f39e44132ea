-- Readable by the loader of the tenant.
alter table landing.format enable row level security, force row level security;

create policy own_tenant on landing.format
for select to stanchion_loader
using (tenant_id = core.current_tenant());

create policy owner_for_tenant on landing.format
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select on landing.format to stanchion_loader;

-- Not granted: insert, update, delete. landing.put_format and landing.remove_format write, and audit the change.

-- revert: select core.unsecure_relation('landing.format');
