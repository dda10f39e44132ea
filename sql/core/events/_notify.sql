-- Notifies a channel unless a committed transaction already notified it in this tenth of a second.
--
-- A transaction that notifies takes a server-wide lock at its commit. One notification per transaction would therefore
-- queue the commits of all tenants. The notification is empty, because every connected session may listen.
--
-- The sequence stores the tenth of a second and, in its low 28 bits, the transaction that notified. A transaction that
-- is still open may roll back, and then its notification is never sent: until it has ended, the others notify too.
-- So every commit is either notified, or its transaction was open at the end of a tenth of a second whose notification
-- was sent. A listener misses nothing when it reads once more after that tenth, and again when the transactions that were
-- open in that read have ended.
create or replace function core.notify_channel(p_channel text, p_notice regclass, p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenth bigint := floor(extract(epoch from p_now) * 10);
    v_own bigint := pg_current_xact_id()::text::bigint;
    v_status text := core.notice_status(pg_sequence_last_value(p_notice), v_tenth, v_own);
    v_notifies boolean := v_status = 'in progress';
begin
    if v_status in ('own', 'committed') then
        return;
    end if;
    if not v_notifies then
        begin
            if pg_try_advisory_xact_lock(p_notice::integer, 0) then
                v_status := core.notice_status(pg_sequence_last_value(p_notice), v_tenth, v_own);
                v_notifies := v_status <> 'committed';
                if v_status = 'none' then
                    perform setval(p_notice, (v_tenth << 28) | (v_own & 268435455));
                end if;
            else
                v_notifies := true;
            end if;
            -- the rollback releases only the lock, so that other sessions can take it before this transaction commits
            raise exception using errcode = 'P0001', message = 'rolls back to release the lock';
        exception when raise_exception then
            null;
        end;
    end if;
    if v_notifies then
        perform pg_notify(p_channel, '');
    end if;
end;
$$;

comment on function core.notify_channel(text, regclass, timestamptz) is
'Returns nothing. Sends an empty notification on the channel at the commit, unless a committed transaction sent one in this tenth of a second. Errors: none; P0001 is raised and caught inside.';

-- Returns the state of the last notification: committed, in progress, own, or none when it is not of this tenth of a
-- second or was rolled back. Tenths far ahead are those of a clock that was set back.
create or replace function core.notice_status(p_last bigint, p_tenth bigint, p_own bigint)
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    -- the transaction nearest to the own one with these low bits
    v_notifier bigint := p_own + (((p_last - p_own) & 268435455) # 134217728) - 134217728;
begin
    if ((p_last >> 28) between p_tenth and p_tenth + 50) is not true then
        return 'none';
    elsif v_notifier = p_own then
        return 'own';
    elsif v_notifier not between 3 and pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1 then
        return 'in progress';  -- newer than the snapshot of this statement
    end if;
    return case pg_xact_status(v_notifier::text::xid8) when 'aborted' then 'none' when 'in progress' then 'in progress' else 'committed' end;
end;
$$;

comment on function core.notice_status(bigint, bigint, bigint) is
'Returns committed, in progress, own or none for the value of a sequence of core.notify_channel.';

-- revert: drop function core.notice_status(bigint, bigint, bigint);
-- revert: drop function core.notify_channel(text, regclass, timestamptz);
