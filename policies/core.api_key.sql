-- Readable by the owner only, one tenant at a time. core.use_api_key checks the key that it is given.
alter table core.api_key enable row level security, force row level security;

create policy owner_for_tenant on core.api_key
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

-- revert: select core.unsecure_relation('core.api_key');
