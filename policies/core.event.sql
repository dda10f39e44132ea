-- Who may see events: the builder, of every tenant, and the owner, one tenant at a time. Nobody changes
-- them: the owner gave up the rights to update, delete and truncate, and no policy would let it.
alter table core.event enable row level security, force row level security;

create policy owner_reads_for_tenant on core.event
for select to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator());

create policy owner_appends_for_tenant on core.event
for insert to stanchion_owner
with check (tenant_id = core.current_tenant() or core.is_operator());

create policy every_tenant on core.event
for select to stanchion_builder
using (true);

revoke update, delete, truncate on core.event from stanchion_owner;
grant select on core.event to stanchion_builder;

-- Not granted: anything to applications. core.append_events, core.read_stream and core.poll_events are for them.

-- revert: select core.unsecure_relation('core.event');
