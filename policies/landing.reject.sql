-- Readable by the loader of the tenant, which writes.
alter table landing.reject enable row level security, force row level security;

create policy loads_own_tenant on landing.reject
for all to stanchion_loader
using (tenant_id = core.current_tenant())
with check (tenant_id = core.current_tenant());

create policy owner_for_tenant on landing.reject
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select, insert on landing.reject to stanchion_loader;

-- Not granted: any right to applications and analysts, because the rows are raw input.

-- revert: select core.unsecure_relation('landing.reject');
