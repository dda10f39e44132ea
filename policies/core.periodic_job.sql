-- Readable by the applications of the tenant. Functions write it: core.schedule_job, core.pause_periodic,
-- core.unschedule_job and the handler core.enqueue_periodic.
alter table core.periodic_job enable row level security, force row level security;

create policy own_tenant on core.periodic_job
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy owner_for_tenant on core.periodic_job
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select on core.periodic_job to stanchion_app;

-- revert: select core.unsecure_relation('core.periodic_job');
