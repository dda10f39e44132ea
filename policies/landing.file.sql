-- Who may see what became of files: the loader, of its tenant, which writes it.
alter table landing.file enable row level security, force row level security;

create policy loads_own_tenant on landing.file
for all to stanchion_loader
using (tenant_id = core.current_tenant())
with check (tenant_id = core.current_tenant());

create policy owner_for_tenant on landing.file
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select, insert, delete on landing.file to stanchion_loader;

-- Not granted: anything to applications and analysts; what was loaded is in contest.

-- revert: select core.unsecure_relation('landing.file');
