-- Readable by the owner for one tenant at a time, through the functions that enqueue and lease jobs. Job workers see
-- the tenant, the queue and the due time of every job, and nothing of its content: to run jobs they set the tenant in
-- a transaction and call functions, as any other role does.
alter table core.job enable row level security, force row level security;

create policy every_tenant on core.job
for select to stanchion_worker
using (true);

-- The first comparison is cheap per row: core.is_deeper counts a queue, and a lease has fifty jobs (docs/planner.md).
create policy owner_for_tenant on core.job
for all to stanchion_owner
using (tenant_id::text = current_setting('app.tenant_id', true) or core.is_operator() or tenant_id = core.current_tenant())
with check (tenant_id::text = current_setting('app.tenant_id', true) or core.is_operator() or tenant_id = core.current_tenant());

grant select (tenant_id, job_id, queue, run_at, attempts, lease_id, leased_until) on core.job to stanchion_worker;

-- Not granted to job workers: payload, actor, dedupe_key, last_error.

-- revert: select core.unsecure_relation('core.job');
