-- Readable by the builder for every tenant, and by the owner for one tenant at a time. Append-only: the owner revoked
-- its own rights to update, delete and truncate, and there is no policy for them.
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

-- Not granted: any right to applications, which call core.append_events, core.read_stream and core.poll_events.

-- revert: select core.unsecure_relation('core.event');
