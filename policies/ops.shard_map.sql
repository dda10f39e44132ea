-- Readable by operators. Applications look up one tenant at a time with ops.shard_of.
alter table ops.shard_map enable row level security, force row level security;

create policy owner_all on ops.shard_map
for all to stanchion_owner
using (true)
with check (true);

-- revert: select core.unsecure_relation('ops.shard_map');
