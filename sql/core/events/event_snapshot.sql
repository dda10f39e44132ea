-- Returns the snapshot that a follower of events remembers, with its server and its time.
--
-- Snapshots have a meaning on one server and one timeline: after a failover to a replica that lacked the last commits,
-- other transactions have the same ids. Followers call this function with every read, so it reads no table.
create or replace function core.event_snapshot()
returns table (server text, snapshot pg_snapshot, taken_at timestamptz)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := core.clock();
begin
    return query
    select
        to_hex(c.system_identifier) || '.' || ltrim(left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), '0'),
        pg_current_snapshot(), v_now
    from pg_control_system() as c;
end;
$$;

comment on function core.event_snapshot() is
'Returns one row: the server and its timeline, the snapshot, and its time.';

grant execute on function core.event_snapshot() to stanchion_app;

-- revert: drop function core.event_snapshot();
