-- Readable by the applications of the tenant. Operators write, or a payment service with the login of an operator.
alter table workspace.subscription enable row level security, force row level security;

create policy own_tenant on workspace.subscription
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy owner_for_tenant on workspace.subscription
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select on workspace.subscription to stanchion_app;

-- Not granted: insert and update. A tenant must not give itself a plan or extend one.

-- revert: select core.unsecure_relation('workspace.subscription');
