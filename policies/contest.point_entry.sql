-- Readable by the applications of the tenant, and by the builder for every tenant. Append-only with each result: the
-- owner revoked its own right to update, and there is no policy for it. The owner may delete, since contest.replay
-- rewrites the ledger of a competition.
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
