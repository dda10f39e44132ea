-- Who may see who plays for whom: the tenant's applications, and the builder, of every tenant. Written by
-- the functions of the competition alone, which work as the owner for one tenant.
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

-- Not granted to anybody: insert, update, delete. What is not an event did not happen.

-- revert: select core.unsecure_relation('contest.player');
