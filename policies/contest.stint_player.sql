-- Readable by the applications of the tenant, and by the builder for every tenant. The loader writes. Its check
-- compares the text of the setting first: evaluating the tenant for each row would take half as long as inserting it
-- (docs/planner.md).
alter table contest.stint_player enable row level security, force row level security;

create policy own_tenant on contest.stint_player
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy loads_own_tenant on contest.stint_player
for all to stanchion_loader
using (tenant_id = core.current_tenant())
with check (tenant_id::text = current_setting('app.tenant_id', true) or tenant_id = core.current_tenant());

create policy every_tenant on contest.stint_player
for select to stanchion_builder
using (true);

create policy owner_for_tenant on contest.stint_player
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select on contest.stint_player to stanchion_app, stanchion_builder;
grant select, insert on contest.stint_player to stanchion_loader;

-- Not granted: update and delete. Either right on a whole table includes locking it against every tenant;
-- contest.remove_rows deletes.

-- Not granted: any right to analysts, who read marts.

-- revert: select core.unsecure_relation('contest.stint_player');
