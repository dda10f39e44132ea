-- Returns the time since which events are kept. A follower that resumes at an older position may have missed events.
--
-- Events expire with their partition, whose bounds every node of a cluster has. Reading the bounds of all partitions
-- takes longer than reading new events, so only followers that resume call this function.
create or replace function core.events_kept_since()
returns timestamptz
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select nullif(min(coalesce(lower(bound.days), '-infinity')), '-infinity')::timestamp at time zone 'UTC'
        from pg_inherits as i
        inner join pg_class as p on i.inhrelid = p.oid
        cross join lateral (select core.bound_days(pg_get_expr(p.relpartbound, p.oid)) as days) as bound
        where i.inhparent = 'core.event'::regclass and bound.days is not null
    );
end;
$$;

comment on function core.events_kept_since() is
'Returns the time before which events have expired, or null when none has.';

grant execute on function core.events_kept_since() to stanchion_app;

-- needs: core.bound_days
-- revert: drop function core.events_kept_since();
