-- Returns the snapshot that a follower of events remembers, and the facts that show whether it is still usable.
--
-- Snapshots have a meaning on one server and one timeline: after a failover to a replica that lacked the last commits,
-- other transactions have the same ids. Events expire with their partition, whose bounds every node of a cluster has.
create or replace function core.event_snapshot()
returns table (server text, snapshot pg_snapshot, taken_at timestamptz, kept_since timestamptz)
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
        pg_current_snapshot(), v_now,
        (
            select nullif(min(coalesce(lower(bound.days), '-infinity')), '-infinity')::timestamp at time zone 'UTC'
            from pg_inherits as i
            inner join pg_class as p on i.inhrelid = p.oid
            cross join lateral (select core.bound_days(pg_get_expr(p.relpartbound, p.oid)) as days) as bound
            where i.inhparent = 'core.event'::regclass and bound.days is not null
        )
    from pg_control_system() as c;
end;
$$;

comment on function core.event_snapshot() is
'Returns one row: the server and its timeline, the snapshot, its time, and the time before which events have expired (null: none).';

grant execute on function core.event_snapshot() to stanchion_app;

-- needs: core.bound_days
-- revert: drop function core.event_snapshot();
