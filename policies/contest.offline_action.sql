-- Readable by the applications of the tenant. contest.apply_offline writes.
alter table contest.offline_action enable row level security, force row level security;

create policy own_tenant on contest.offline_action
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy owner_for_tenant on contest.offline_action
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select on contest.offline_action to stanchion_app;

-- revert: select core.unsecure_relation('contest.offline_action');
