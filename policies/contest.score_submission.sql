-- Who may see submitted scores: the tenant's applications, and the builder, of every tenant. Written by
-- contest.submit_score and what decides it alone, which work as the owner for one tenant.
alter table contest.score_submission enable row level security, force row level security;

create policy own_tenant on contest.score_submission
for select to stanchion_app
using (tenant_id = core.current_tenant());

create policy every_tenant on contest.score_submission
for select to stanchion_builder
using (true);

create policy owner_for_tenant on contest.score_submission
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select on contest.score_submission to stanchion_app, stanchion_builder;

-- Not granted to anybody: insert, update, delete. What is not an event did not happen.

-- revert: select core.unsecure_relation('contest.score_submission');
