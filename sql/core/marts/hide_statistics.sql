-- Ends the statistics of a table and its partitions: ANALYZE collects none for their columns, and those that exist are
-- deleted where the session may do so.
--
-- Statistics cover the rows of all tenants. The planner uses them for the conditions of an analyst that are leakproof,
-- and EXPLAIN prints the estimates, so an analyst could search for any value of any tenant. The planner still knows the
-- total number of rows. A relation without statistics is not locked.
create or replace function core.hide_statistics(p_relation regclass)
returns integer
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_relation regclass;
    v_columns name[];
    v_is_superuser boolean := (select r.rolsuper from pg_roles as r where r.rolname = current_user);
    v_hidden integer := 0;
begin
    for v_relation, v_columns in
        select t.relid, array_agg(a.attname order by a.attnum)
        from (
            select p.relid from pg_partition_tree(p_relation) as p
            union
            select p_relation
        ) as t
        join pg_attribute as a on a.attrelid = t.relid and a.attnum > 0 and not a.attisdropped
        where a.attstattarget is distinct from 0
        group by t.relid
    loop
        execute format(
            'alter table only %s %s',
            v_relation, (select string_agg(format('alter column %I set statistics 0', c.name), ', ') from unnest(v_columns) as c (name))
        );
        if v_is_superuser then
            delete from pg_statistic as s where s.starelid = v_relation;
        elsif current_setting('server_version_num')::integer >= 180000 and has_table_privilege(v_relation, 'select') then
            -- the owner of a partition has revoked its own rights; Postgres 15 to 17 do not have this function
            execute format(
                'select %I(n.nspname::text, c.relname::text, a.name::text, i.value) '
                'from pg_class as c join pg_namespace as n on n.oid = c.relnamespace '
                'cross join unnest($2) as a (name) cross join (values (true), (false)) as i (value) where c.oid = $1',
                'pg_clear_attribute_stats'
            )
            using v_relation, v_columns;
        end if;
        v_hidden := v_hidden + cardinality(v_columns);
    end loop;
    return v_hidden;
end;
$$;

comment on function core.hide_statistics(regclass) is
'Returns the number of columns for which ANALYZE collected statistics before; they are deleted by a superuser, and on Postgres 18 by an owner that may read the table.';

grant execute on function core.hide_statistics(regclass) to stanchion_builder;

-- revert: drop function core.hide_statistics(regclass);
