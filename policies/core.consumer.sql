-- Readable by the owner only, one tenant at a time. core.poll_events updates the positions.
alter table core.consumer enable row level security, force row level security;

create policy owner_for_tenant on core.consumer
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

-- revert: select core.unsecure_relation('core.consumer');
