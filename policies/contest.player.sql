-- Readable by the applications of the tenant, and by the builder for every tenant. The functions of competitions
-- write, as the owner and for one tenant.
alter table contest.player enable row level security, force row level security;

create policy own_tenant on contest.player
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy every_tenant on contest.player
for select to stanchion_builder
using (true);

create policy owner_for_tenant on contest.player
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select on contest.player to stanchion_app, stanchion_builder;

-- Not granted to any role: insert, update, delete. Only events change these rows.

-- revert: select core.unsecure_relation('contest.player');
