-- Readable by the owner only, one tenant at a time. core.append_events updates the heads, and core.read_from_state
-- returns the saved state.
alter table core.event_stream enable row level security, force row level security;

create policy owner_for_tenant on core.event_stream
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

-- revert: select core.unsecure_relation('core.event_stream');
