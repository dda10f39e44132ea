-- Keeps a day of events while a stream has no saved state after it, or a consumer has not read it.
create or replace function core.guard_event(p_day date)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_without record;
    v_behind record;
begin
    select count(*) as number, min(s.stream_type || ' ' || s.stream_id) as first into v_without
    from (
        select e.tenant_id, e.stream_type, e.stream_id, max(e.version) as version
        from core.event as e
        where e.recorded_on = p_day
        group by e.tenant_id, e.stream_type, e.stream_id
    ) as last
    join core.event_stream as s
        on s.tenant_id = last.tenant_id and s.stream_type = last.stream_type and s.stream_id = last.stream_id
    where s.state_version < last.version;
    if v_without.number > 0 then
        return format('streams without a saved state after it: %s, such as %s', v_without.number, v_without.first);
    end if;
    select count(*) as number, min(c.consumer) as first into v_behind
    from core.consumer as c
    where exists (
        select 1
        from core.event as e
        where e.tenant_id = c.tenant_id
            and e.recorded_on = p_day
            and (e.transaction_id, e.position) > (c.transaction_id, c.position)
    );
    if v_behind.number > 0 then
        return format('consumers that have not read it: %s, such as %s', v_behind.number, v_behind.first);
    end if;
    return null;
end;
$$;

comment on function core.guard_event(date) is
'Returns the streams without a saved state after the day, or the consumers that have not read it, as a sentence; null when the partition may be dropped.';

-- revert: drop function core.guard_event(date);
