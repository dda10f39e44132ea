-- Who may see the audit: the tenant's own application, and the owner. Nobody changes it by accident: the
-- owner gave up the rights to update, delete and truncate, and no policy would let it. Who owns a table
-- can take such rights back, so whoever has a DBA's login could still do it on purpose.
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

-- Not granted: insert. core.write_audit appends, from within the functions that do the thing.

-- revert: select core.unsecure_relation('core.audit_log');
