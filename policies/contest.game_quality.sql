-- Readable by the applications of the tenant, and by the builder for every tenant. The loader writes.
alter table contest.game_quality enable row level security, force row level security;

create policy own_tenant on contest.game_quality
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy loads_own_tenant on contest.game_quality
for all to stanchion_loader
using (tenant_id = core.current_tenant())
with check (tenant_id = core.current_tenant());

create policy every_tenant on contest.game_quality
for select to stanchion_builder
using (true);

create policy owner_for_tenant on contest.game_quality
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select on contest.game_quality to stanchion_app, stanchion_builder;
grant
select,
insert,
update (tracked_home, tracked_away, tracked_by_period, coverage, flags, agrees, content_hash, accepted_by, accepted_reason, accepted_at)
on contest.game_quality to stanchion_loader;

-- Not granted: update of the whole table, and delete, which include locking it against every tenant;
-- contest.remove_rows deletes.

-- Not granted: any right to analysts, who read marts.

-- revert: select core.unsecure_relation('contest.game_quality');
