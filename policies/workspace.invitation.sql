-- Readable by the applications of the tenant. workspace.invite and workspace.accept_invitation write.
alter table workspace.invitation enable row level security, force row level security;

create policy own_tenant on workspace.invitation
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy owner_for_tenant on workspace.invitation
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select (tenant_id, invitation_id, email, role, invited_at, expires_at, accepted_at)
on workspace.invitation to stanchion_app;

-- Not granted: token_hash.

-- revert: select core.unsecure_relation('workspace.invitation');
