-- Counts the rows of a mart and of its partitions for the planner. `stanchion build` calls it after a build from scratch.
--
-- The builder has revoked its rights on partitions. Since Postgres 17 these include the right to analyze, without which
-- ANALYZE skips a partition with a warning. The builder grants itself this right and revokes it in the same transaction,
-- so that no other session sees the grant.
create or replace function core.analyze_mart(p_relation regclass)
returns integer
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_partitions regclass[] := array(select p.relid from pg_partition_tree(p_relation) as p where p.relid <> p_relation);
    v_has_right boolean := current_setting('server_version_num')::integer < 170000;
    v_partition regclass;
begin
    if not exists (select from pg_class as c where c.oid = p_relation and c.relkind in ('r', 'p')) then
        raise exception 'mart % does not exist', coalesce(p_relation::text, 'null') using errcode = '42P01';
    end if;
    if not v_has_right then
        foreach v_partition in array v_partitions loop
            -- Locks the partition, for which an owner needs no right. After the grant, the lock could wait for a vacuum that
            -- waits for the catalog row that the grant updated.
            execute format('comment on table %s is null', v_partition);
            execute format('grant maintain on %s to current_user', v_partition);
        end loop;
    end if;
    execute format('analyze %s', p_relation);
    if not v_has_right then
        foreach v_partition in array v_partitions loop
            execute format('revoke maintain on %s from current_user', v_partition);
        end loop;
    end if;
    return cardinality(v_partitions);
end;
$$;

comment on function core.analyze_mart(regclass) is 'Returns the number of partitions analyzed with a mart. Errors: 42P01 when the mart does not exist; 42501 when the caller does not own it.';

grant execute on function core.analyze_mart(regclass) to stanchion_builder;

-- revert: drop function core.analyze_mart(regclass);
