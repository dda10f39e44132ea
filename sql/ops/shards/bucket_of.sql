-- Returns the bucket of a tenant, by a hash that is the same on every server and version. The first bytes of the id are
-- not enough, since ids created in the order of time share them.
create or replace function ops.bucket_of(p_id uuid)
returns integer
language sql
immutable
parallel safe
return (get_byte(sha256(uuid_send(p_id)), 0) * 256 + get_byte(sha256(uuid_send(p_id)), 1)) % 1024;

comment on function ops.bucket_of(uuid) is 'Returns a number from 0 to 1023, permanently the same for an id.';

grant execute on function ops.bucket_of(uuid) to stanchion_app, stanchion_loader, stanchion_worker;

-- revert: drop function ops.bucket_of(uuid);
