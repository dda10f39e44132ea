-- Readable by the applications of the tenant. Analysts read names from marts, which contain no personal columns.
alter table core.principal enable row level security, force row level security;

create policy own_tenant on core.principal
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy owner_for_tenant on core.principal
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select on core.principal to stanchion_app;

-- Not granted: insert and update. core.add_member writes, and records the actor.

-- revert: select core.unsecure_relation('core.principal');
