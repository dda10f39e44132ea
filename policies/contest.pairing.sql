-- Who may see draws: the tenant's applications, and the builder, of every tenant. Written by
-- contest.draw and what follows from results alone, which work as the owner for one tenant.
alter table contest.pairing enable row level security, force row level security;

create policy own_tenant on contest.pairing
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy every_tenant on contest.pairing
for select to stanchion_builder
using (true);

create policy owner_for_tenant on contest.pairing
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select on contest.pairing to stanchion_app, stanchion_builder;

-- Not granted to anybody: insert, update, delete. What is not an event did not happen.

-- revert: select core.unsecure_relation('contest.pairing');
