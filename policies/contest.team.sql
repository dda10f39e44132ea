-- Readable by the applications of the tenant, and by the builder for every tenant. The loader writes.
alter table contest.team enable row level security, force row level security;

create policy own_tenant on contest.team
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy loads_own_tenant on contest.team
for all to stanchion_loader
using (tenant_id = core.current_tenant())
with check (tenant_id = core.current_tenant());

create policy every_tenant on contest.team
for select to stanchion_builder
using (true);

create policy owner_for_tenant on contest.team
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select on contest.team to stanchion_app, stanchion_builder;
-- update by column: on the whole table it would include locking the table against every tenant
grant select, insert, update (colour, coloured_at, name, seen_at) on contest.team to stanchion_loader;

-- Not granted: any right to analysts, who read marts.

-- revert: select core.unsecure_relation('contest.team');
