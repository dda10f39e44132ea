-- Returns the server of a tenant. An unassigned bucket is an error, and never falls back to a server. Security definer:
-- only operators may read the map.
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
        raise exception 'bucket % is assigned to no server; insert it into ops.shard_map', ops.bucket_of(p_id) using errcode = 'P0002';
    end if;
    return v_shard;
end;
$$;

comment on function ops.shard_of(uuid) is 'Returns the number of the server. Errors: P0002 when the bucket is assigned to no server.';

grant execute on function ops.shard_of(uuid) to stanchion_app, stanchion_loader, stanchion_worker;

-- revert: drop function ops.shard_of(uuid);
