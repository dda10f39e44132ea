-- Records the current size of each table, once per day; a second call on a day overwrites the first. Keeps one year.
create or replace function ops.measure_tables()
returns integer
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_today date := core.utc_day(core.clock());
    v_count integer;
begin
    insert into ops.table_size as s (relation, measured_on, bytes, estimated_rows)
    select
        r.name,
        v_today,
        sum(coalesce(z.bytes, pg_total_relation_size(p.relid))),
        sum(coalesce(z.estimated_rows, greatest(c.reltuples, 0)))::bigint
    from core.own_relation as r
    cross join lateral (
        select r.relation as relid
        union
        select t.relid from pg_partition_tree(r.relation) as t
    ) as p
    join pg_class as c on c.oid = p.relid
    left join core.shard_sizes() as z on z.relation = p.relid
    where r.kind = 'table'
    group by r.name
    on conflict on constraint table_size_pk do update set bytes = excluded.bytes, estimated_rows = excluded.estimated_rows;
    get diagnostics v_count = row_count;
    delete from ops.table_size as s where s.measured_on < v_today - 366;
    return v_count;
end;
$$;

comment on function ops.measure_tables() is 'Returns the number of tables measured.';

-- revert: drop function ops.measure_tables();
