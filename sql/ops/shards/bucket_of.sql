-- The bucket of a tenant. By a hash, since the first bytes of ids that are made in the order of time are all alike; by
-- one that is the same on every server and every version of it.
create or replace function ops.bucket_of(p_id uuid)
returns integer
language sql
immutable
parallel safe
return (get_byte(sha256(uuid_send(p_id)), 0) * 256 + get_byte(sha256(uuid_send(p_id)), 1)) % 1024;

comment on function ops.bucket_of(uuid) is '0 to 1023, for ever the same for an id.';

grant execute on function ops.bucket_of(uuid) to stanchion_app, stanchion_loader, stanchion_worker;

-- revert: drop function ops.bucket_of(uuid);
