-- Notifies the channel stanchion_events, unless somebody did in this tenth of a second.
--
-- Each transaction that notifies takes a lock of the whole server when it commits: one notification in
-- each would put all of them in one queue, whatever their tenants. It says nothing, since whoever is
-- connected may listen. It is a hint: what is appended right after one is told with the next, so a
-- consumer also polls now and then without being asked.
create or replace function core.wake_consumers(p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenth bigint := floor(extract(epoch from p_now) * 10);
    v_is_ours boolean := false;
begin
    -- far ahead: the clock was set back
    perform 1 from core.event_notice as n where n.last_value < v_tenth or n.last_value > v_tenth + 50;
    if not found then
        return;
    end if;
    begin
        if pg_try_advisory_xact_lock('core.event_notice'::regclass::integer, 0) then
            perform setval('core.event_notice', v_tenth)
            from core.event_notice as n
            where n.last_value < v_tenth or n.last_value > v_tenth + 50;
            v_is_ours := found;
        end if;
        -- what is rolled back is the lock alone, so that nobody finds it taken until we commit
        raise exception using errcode = 'P0001', message = 'this gives the lock back';
    exception when raise_exception then
        null;
    end;
    if v_is_ours then
        perform pg_notify('stanchion_events', '');
    end if;
end;
$$;

comment on function core.wake_consumers(timestamptz) is
'Sends an empty notification on stanchion_events with the commit, at most once in a tenth of a second.';

-- revert: drop function core.wake_consumers(timestamptz);
