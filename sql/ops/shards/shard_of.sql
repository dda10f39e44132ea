-- The server of a tenant. A bucket that was given to none is an error and not some server. Security definer: the map is
-- the operators'.
create or replace function ops.shard_of(p_id uuid)
returns integer
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_shard integer;
begin
    select m.shard into v_shard from ops.shard_map as m where m.bucket = ops.bucket_of(p_id);
    if not found then
        raise exception 'bucket % was given to no server', ops.bucket_of(p_id) using errcode = 'P0002';
    end if;
    return v_shard;
end;
$$;

comment on function ops.shard_of(uuid) is 'The number of the server. Raises P0002 for a bucket that was given to none.';

grant execute on function ops.shard_of(uuid) to stanchion_app, stanchion_loader, stanchion_worker;

-- revert: drop function ops.shard_of(uuid);
