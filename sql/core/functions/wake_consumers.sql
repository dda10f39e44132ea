-- Says on the channel stanchion_events that there may be events to poll; see core.wake.
create or replace function core.wake_consumers(p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform core.wake('stanchion_events', 'core.event_notice', p_now);
end;
$$;

comment on function core.wake_consumers(timestamptz) is
'Sends an empty notification on stanchion_events with the commit, at most once in a tenth of a second.';

-- revert: drop function core.wake_consumers(timestamptz);
