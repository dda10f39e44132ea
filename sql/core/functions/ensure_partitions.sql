-- Makes the daily partitions of a table for a range of days, both ends included.
--
-- A new table that is then attached blocks no reader and no writer of its parent, where
-- "create table ... partition of" waits for every one of them. A partition gets no grant, not even
-- the owner's, and forced RLS without a policy: rows are reached through the table or not at all.
create or replace function core.ensure_partitions(p_relation regclass, p_from date, p_to date)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_schema name;
    v_table name;
    v_child text;
    v_made integer := 0;
    v_day date;
    v_is_locked boolean := false;
begin
    select n.nspname, c.relname into v_schema, v_table
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = p_relation and c.relkind = 'p';
    if not found then
        raise exception '% is not partitioned', p_relation using errcode = '42809';
    elsif p_to - p_from > 3700 then
        raise exception 'from % to % is more than ten years of daily partitions', p_from, p_to using errcode = '22023';
    end if;
    -- by whole days: a series of times loses one where a clock is put forward at midnight
    for v_day in select p_from + n from generate_series(0, p_to - p_from) as n loop
        v_child := format('%s__%s__%s', v_schema, v_table, to_char(v_day, 'YYYYMMDD'));
        if length(v_child) > 63 then
            raise exception '% has too long a name for its partitions', p_relation using errcode = '42622';
        end if;
        continue when to_regclass(format('parts.%I', v_child)) is not null;
        if not v_is_locked then
            -- two at once: the second waits, then finds the days made. Not an advisory lock, which anybody may hold
            perform from core.partition_set as s where s.relation = p_relation::text for update;
            v_is_locked := true;
            continue when to_regclass(format('parts.%I', v_child)) is not null;
        end if;
        execute format(
            'create table parts.%I (like %s including defaults including constraints including storage)',
            v_child, p_relation
        );
        execute format('revoke all on parts.%I from stanchion_owner', v_child);
        execute format('alter table parts.%I enable row level security, force row level security', v_child);
        execute format(
            'alter table %s attach partition parts.%I for values from (%L) to (%L)',
            p_relation, v_child, v_day, v_day + 1
        );
        v_made := v_made + 1;
    end loop;
    return v_made;
end;
$$;

comment on function core.ensure_partitions(regclass, date, date) is
'Makes the missing daily partitions and returns how many it made. Raises 42809 for a table that is not partitioned, 42501 for one that is not ours, 42622 for one whose name is too long.';

-- revert: drop function core.ensure_partitions(regclass, date, date);
