-- Readable by applications. The rows contain nothing of a tenant. Operators write.
alter table workspace.plan_feature enable row level security, force row level security;

create policy everybody on workspace.plan_feature
for select to stanchion_app
using (true);

create policy owner_all on workspace.plan_feature
for all to stanchion_owner
using (true)
with check (true);

grant select on workspace.plan_feature to stanchion_app;

-- revert: select core.unsecure_relation('workspace.plan_feature');
