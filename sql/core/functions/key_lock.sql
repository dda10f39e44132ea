-- The number of the advisory lock under which a key without a day in it is looked for and claimed.
create or replace function core.key_lock(p_tenant uuid, p_key_id uuid)
returns bigint
language sql
immutable
parallel safe
return uuid_hash_extended(p_key_id, uuid_hash_extended(p_tenant, 0));

comment on function core.key_lock(uuid, uuid) is 'The advisory lock of a key of a tenant.';

-- revert: drop function core.key_lock(uuid, uuid);
