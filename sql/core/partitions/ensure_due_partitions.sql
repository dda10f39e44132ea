-- Makes the partitions that every partitioned table should have by now: yesterday, today and the days
-- ahead. Yesterday because what was begun a minute before midnight is written after it. Cheap when
-- there is nothing to do, so everything that starts asks for it.
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
    for relation in select s.relation from core.partition_set as s where to_regclass(s.relation) is null loop
        raise exception 'core.partition_set has a row for %, which does not exist', relation using errcode = '42P01';
    end loop;
    return query
    select s.relation, core.ensure_partitions(s.relation::regclass, v_today - 1, v_today + s.days_ahead)
    from core.partition_set as s
    where s.made_by = 'stanchion'
    order by s.relation;
end;
$$;

comment on function core.ensure_due_partitions() is
'Makes the missing partitions of yesterday, today and the days ahead, for every table whose days pg_partman does not make, and says how many. Raises 42P01 for a table that is not there.';

grant execute on function core.ensure_due_partitions() to stanchion_loader;

-- revert: drop function core.ensure_due_partitions();
