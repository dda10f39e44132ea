-- Who may see the ledger: the tenant's applications, and the builder, of every tenant. It is appended to with each
-- result, and never changed: the owner gave up the right, and no policy would let it. It may delete, since
-- contest.replay writes the ledger of a competition anew.
alter table contest.point_entry enable row level security, force row level security;

create policy own_tenant on contest.point_entry
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy every_tenant on contest.point_entry
for select to stanchion_builder
using (true);

create policy owner_reads_for_tenant on contest.point_entry
for select to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator());

create policy owner_appends_for_tenant on contest.point_entry
for insert to stanchion_owner
with check (tenant_id = core.current_tenant() or core.is_operator());

create policy owner_removes_for_tenant on contest.point_entry
for delete to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator());

revoke update, truncate on contest.point_entry from stanchion_owner;
grant select on contest.point_entry to stanchion_app, stanchion_builder;

-- revert: select core.unsecure_relation('contest.point_entry');
