-- Readable by the applications of the tenant. Operators write.
alter table workspace.budget enable row level security, force row level security;

create policy own_tenant on workspace.budget
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy owner_for_tenant on workspace.budget
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select on workspace.budget to stanchion_app;

-- Not granted: insert and update. A tenant must not raise its own budget.

-- revert: select core.unsecure_relation('workspace.budget');
