-- Who may see the heads of streams: nobody but the owner, one tenant at a time; core.append_events moves
-- them, core.read_from_state shows the snapshot.
alter table core.event_stream enable row level security, force row level security;

create policy owner_for_tenant on core.event_stream
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

-- revert: select core.unsecure_relation('core.event_stream');
