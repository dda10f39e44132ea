-- Who may see jobs: the owner, one tenant at a time, for the functions that put them in and give them out.
-- A worker sees of every tenant that it has jobs, in which queue and when they are due, and not what they
-- are: for that it says in a transaction which tenant it works for, and calls functions as anybody does.
alter table core.job enable row level security, force row level security;

create policy every_tenant on core.job
for select to stanchion_worker
using (true);

-- asked once for a statement and not for every row: core.is_deeper counts a queue, a lease is fifty jobs
create policy owner_for_tenant on core.job
for all to stanchion_owner
using (tenant_id = (select core.current_tenant()) or (select core.is_operator()))
with check (tenant_id = (select core.current_tenant()) or (select core.is_operator()));

grant select (tenant_id, job_id, queue, run_at, attempts, lease_id, leased_until) on core.job to stanchion_worker;

-- Not granted to workers: payload, actor, dedupe_key, last_error.

-- revert: select core.unsecure_relation('core.job');
