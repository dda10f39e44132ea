-- Readable by the owner only, one tenant at a time. core.cooldown_start checks and writes.
alter table core.cooldown enable row level security, force row level security;

create policy owner_for_tenant on core.cooldown
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

-- revert: select core.unsecure_relation('core.cooldown');
