-- Creates the missing partitions of every partitioned table: yesterday, today and the days ahead. Yesterday is included
-- because work that began just before midnight is written after it. It is cheap when nothing is missing, so every program
-- calls it at its start.
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
        raise exception 'core.partition_set has a row for %, which does not exist; deploy the table or delete the row', relation
            using errcode = '42P01';
    end loop;
    return query
    select s.relation, core.ensure_partitions(s.relation::regclass, v_today - 1, v_today + s.days_ahead)
    from core.partition_set as s
    where s.made_by = 'stanchion'
    order by s.relation;
end;
$$;

comment on function core.ensure_due_partitions() is
'Returns the number of partitions created for yesterday, today and the days ahead, for every table that pg_partman does not maintain. Errors: 42P01 when a table does not exist.';

grant execute on function core.ensure_due_partitions() to stanchion_loader;

-- revert: drop function core.ensure_due_partitions();
