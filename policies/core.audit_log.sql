-- Readable by the applications of the tenant and by the owner. Append-only: the owner revoked its own rights to
-- update, delete and truncate, and there is no policy for them. The owner of a table can grant itself such rights
-- again, so a login of a DBA could still change rows on purpose.
alter table core.audit_log enable row level security, force row level security;

create policy own_tenant on core.audit_log
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy owner_reads_for_tenant on core.audit_log
for select to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator());

create policy owner_appends_for_tenant on core.audit_log
for insert to stanchion_owner
with check (tenant_id = core.current_tenant() or core.is_operator());

revoke update, delete, truncate on core.audit_log from stanchion_owner;
grant select on core.audit_log to stanchion_app;

-- Not granted: insert. core.write_audit appends rows, called by the functions that perform the actions.

-- revert: select core.unsecure_relation('core.audit_log');
