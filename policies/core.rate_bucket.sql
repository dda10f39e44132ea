-- Readable by the owner only, one tenant at a time. core.rate_limit_take checks and writes.
alter table core.rate_bucket enable row level security, force row level security;

create policy owner_for_tenant on core.rate_bucket
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

-- revert: select core.unsecure_relation('core.rate_bucket');
