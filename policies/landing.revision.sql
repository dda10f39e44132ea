-- Readable by the loader of the tenant, which archives them.
alter table landing.revision enable row level security, force row level security;

create policy loads_own_tenant on landing.revision
for all to stanchion_loader
using (tenant_id = core.current_tenant())
with check (tenant_id = core.current_tenant());

create policy owner_for_tenant on landing.revision
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

-- update by column: on the whole table it would include locking the table against every tenant
grant
select,
insert,
update (
    exported_at, first_exported_at, rank, game_date, given_on, is_accepted, state, format, home_team, away_team,
    events_seen, events_accepted, events_rejected, stints_seen, stints_accepted, stints_ignored, stints_rejected, document
)
on landing.revision to stanchion_loader;

-- Not granted: delete, since a revision is kept; any right to applications and analysts, who read published games.

-- revert: select core.unsecure_relation('landing.revision');
