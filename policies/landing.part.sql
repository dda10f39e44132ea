-- Readable by the loader of the tenant, which stores them. On a cluster it writes only through the node of the tenant, so that
-- every transaction of a loader that began before the tenant moved is refused.
alter table landing.part enable row level security, force row level security;

create policy loads_own_tenant on landing.part
for all to stanchion_loader
using (tenant_id = core.current_tenant())
with check (tenant_id = core.tenant_to_write());

create policy owner_for_tenant on landing.part
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select, insert, update (is_merged) on landing.part to stanchion_loader;

-- Not granted: update of other columns and delete, since a part is kept; any right to applications and analysts, who read published games.

-- revert: select core.unsecure_relation('landing.part');
