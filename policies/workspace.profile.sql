-- Readable by the applications of the tenant. Each principal writes the own profile; nothing in it affects rights. On
-- a cluster, applications add one through the node of the tenant only; Citus allows no volatile function in the check of
-- an update.
alter table workspace.profile enable row level security, force row level security;

create policy own_tenant on workspace.profile
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy adds_own on workspace.profile
for insert to stanchion_app
with check (tenant_id = core.tenant_to_write() and principal_id = core.current_principal());

create policy changes_own on workspace.profile
for update to stanchion_app
using (tenant_id = core.current_tenant() and principal_id = core.current_principal())
with check (tenant_id = core.current_tenant() and principal_id = core.current_principal());

create policy owner_for_tenant on workspace.profile
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select on workspace.profile to stanchion_app;
grant insert (tenant_id, principal_id, headline, geohash, is_incognito), update (headline, geohash, is_incognito)
on workspace.profile to stanchion_app;

-- Not granted: delete. A profile is deleted with its principal.

-- revert: select core.unsecure_relation('workspace.profile');
