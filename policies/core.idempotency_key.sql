-- Readable by the owner only, one tenant at a time. core.claim_key checks and writes.
alter table core.idempotency_key enable row level security, force row level security;

create policy owner_for_tenant on core.idempotency_key
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

-- revert: select core.unsecure_relation('core.idempotency_key');
