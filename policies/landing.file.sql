-- Readable by the loader of the tenant, which writes. On a cluster it writes only through the node of the tenant, so that
-- every transaction of a loader that began before the tenant moved is refused.
alter table landing.file enable row level security, force row level security;

create policy loads_own_tenant on landing.file
for all to stanchion_loader
using (tenant_id = core.current_tenant())
with check (tenant_id = core.tenant_to_write());

create policy owner_for_tenant on landing.file
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select, insert on landing.file to stanchion_loader;

-- Not granted: any right to applications and analysts, who read loaded games in contest.

-- revert: select core.unsecure_relation('landing.file');
