-- Readable by the loader of the tenant, which writes.
alter table landing.schedule enable row level security, force row level security;

create policy loads_own_tenant on landing.schedule
for all to stanchion_loader
using (tenant_id = core.current_tenant())
with check (tenant_id = core.current_tenant());

create policy owner_for_tenant on landing.schedule
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

-- update by column: on the whole table it would include locking the table against every tenant
grant
select,
insert,
update (
    played_on, home_team, away_team, home_team_key, away_team_key, season_key, game_type, official_home, official_away,
    official_by_period, load_id
)
on landing.schedule to stanchion_loader;

-- Not granted: any right to applications and analysts, who read contest.fixture.

-- revert: select core.unsecure_relation('landing.schedule');
