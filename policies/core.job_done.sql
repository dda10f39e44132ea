-- Readable by the owner for one tenant at a time, and by operators.
alter table core.job_done enable row level security, force row level security;

create policy owner_for_tenant on core.job_done
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

-- revert: select core.unsecure_relation('core.job_done');
