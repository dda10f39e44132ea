-- Readable by the applications and the loader of the tenant, and by the builder for every tenant. Only functions
-- write: contest.put_fixture for a load, and the functions of a competition for its fixtures, so that a final score
-- changes only by contest.amend_result, and contest.remove_rows for fixtures that only a schedule knew.
alter table contest.fixture enable row level security, force row level security;

create policy own_tenant on contest.fixture
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy loads_own_tenant on contest.fixture
for select to stanchion_loader
using (tenant_id = core.current_tenant());

create policy every_tenant on contest.fixture
for select to stanchion_builder
using (true);

create policy owner_for_tenant on contest.fixture
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select on contest.fixture to stanchion_app, stanchion_loader, stanchion_builder;

-- Not granted: any right to analysts, who read marts.

-- revert: select core.unsecure_relation('contest.fixture');
