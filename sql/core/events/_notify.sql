-- Notifies a channel unless it was already notified in this tenth of a second.
--
-- A transaction that notifies takes a server-wide lock at its commit. One notification per transaction would therefore
-- queue the commits of all tenants. The notification is empty, because every connected session may listen. It is only a
-- hint: rows written just after a notification come with the next one, so listeners also poll from time to time.
create or replace function core.notify_channel(p_channel text, p_notice regclass, p_now timestamptz)
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
        -- the rollback releases only the lock, so that other sessions can take it before this transaction commits
        raise exception using errcode = 'P0001', message = 'rolls back to release the lock';
    exception when raise_exception then
        null;
    end;
    if v_is_ours then
        perform pg_notify(p_channel, '');
    end if;
end;
$$;

comment on function core.notify_channel(text, regclass, timestamptz) is
'Returns nothing. Sends an empty notification on the channel at the commit, at most once in a tenth of a second, which the sequence stores. Errors: none; P0001 is raised and caught inside.';

-- revert: drop function core.notify_channel(text, regclass, timestamptz);
