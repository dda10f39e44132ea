-- Makes the partitions that every partitioned table should have by now: today and the days ahead.
-- Cheap when there is nothing to do, so everything that starts asks for it.
create or replace function core.ensure_due_partitions()
returns table (relation text, made integer)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_today date := core.utc_day(core.clock());
begin
    return query
    select s.relation, core.ensure_partitions(s.relation::regclass, v_today, v_today + s.days_ahead)
    from core.partition_set as s
    order by s.relation;
end;
$$;

comment on function core.ensure_due_partitions() is
'Makes the missing partitions of today and of the days ahead, for every partitioned table, and says how many.';

grant execute on function core.ensure_due_partitions() to stanchion_loader;

-- revert: drop function core.ensure_due_partitions();
