-- Notifies a channel, unless somebody did in this tenth of a second.
--
-- Each transaction that notifies takes a lock of the whole server when it commits: one notification in
-- each would put all of them in one queue, whatever their tenants. It says nothing, since whoever is
-- connected may listen. It is a hint: what is written right after one is told with the next, so whoever
-- listens also looks now and then without being told.
create or replace function core.wake(p_channel text, p_notice regclass, p_now timestamptz)
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
    if pg_sequence_last_value(p_notice) between v_tenth and v_tenth + 50 then
        return;
    end if;
    begin
        if pg_try_advisory_xact_lock(p_notice::integer, 0) then
            v_is_ours := (pg_sequence_last_value(p_notice) between v_tenth and v_tenth + 50) is not true;
            if v_is_ours then
                perform setval(p_notice, v_tenth);
            end if;
        end if;
        -- what is rolled back is the lock alone, so that nobody finds it taken until we commit
        raise exception using errcode = 'P0001', message = 'this gives the lock back';
    exception when raise_exception then
        null;
    end;
    if v_is_ours then
        perform pg_notify(p_channel, '');
    end if;
end;
$$;

comment on function core.wake(text, regclass, timestamptz) is
'Sends an empty notification on the channel with the commit, at most once in a tenth of a second, which the sequence remembers.';

-- revert: drop function core.wake(text, regclass, timestamptz);
