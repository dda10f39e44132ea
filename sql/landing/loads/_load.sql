-- Returns the key of the advisory lock that every session of a load shares while it lives.
create or replace function landing.load_lock(p_load_id bigint)
returns bigint
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    return hashtextextended('stanchion load ' || p_load_id, 0);
end;
$$;

comment on function landing.load_lock(bigint) is 'Returns the key of the advisory lock that the sessions of a load share.';

-- the builder names the session of a load that holds a build back
grant execute on function landing.load_lock(bigint) to stanchion_builder;

-- revert: drop function landing.load_lock(bigint);
