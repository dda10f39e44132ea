-- Creates the daily partitions of a table for a range of days, both ends included.
--
-- A new table that is attached afterwards blocks no reader and no writer of its parent, while "create table ... partition
-- of" waits for all of them. It is empty, so its bounds need no check. A partition gets no grant, not even for the owner,
-- and forced row-level security without a policy, so that its rows can only be read through the table. A day that was
-- detached and not dropped yet is attached again, with its rows.
create or replace function core.ensure_partitions(p_relation regclass, p_from date, p_to date)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
    v_name text;
    v_prefix text;
    v_child text;
    v_is_former boolean;
    v_is_locked boolean;
    v_constraint name;
    v_covered datemultirange;
    v_leaving datemultirange;
    v_day date;
    v_made integer := 0;
begin
    select format('%s.%s', n.nspname, c.relname), format('%s__%s__', n.nspname, c.relname) into v_name, v_prefix
    from pg_partitioned_table as p
    join pg_class as c on c.oid = p.partrelid
    join pg_namespace as n on n.oid = c.relnamespace
    join pg_attribute as a on a.attrelid = c.oid and a.attnum = p.partattrs[0]
    where
        c.oid = p_relation
        and p.partstrat = 'r'
        and p.partnatts = 1
        and a.atttypid in ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype);
    if not found then
        raise exception '% is not partitioned by day', p_relation using errcode = '42809';
    elsif p_from is null or p_to is null then
        raise exception 'the first and the last day must be given, not % and %', coalesce(p_from::text, 'null'), coalesce(p_to::text, 'null')
            using errcode = '22004';
    elsif p_to - p_from > 3700 then
        raise exception '% to % is more than ten years of daily partitions', p_from, p_to using errcode = '22023';
    elsif octet_length(v_prefix) > 55 then
        raise exception 'the name % is too long: with a day it exceeds 63 bytes', v_name using errcode = '42622';
    end if;
    for v_is_locked in select unnest(array[false, true]) loop
        select
            coalesce(range_agg(core.bound_days(pg_get_expr(c.relpartbound, c.oid))) filter (where not i.inhdetachpending), '{}'),
            coalesce(range_agg(core.bound_days(pg_get_expr(c.relpartbound, c.oid))) filter (where i.inhdetachpending), '{}')
        into v_covered, v_leaving
        from pg_inherits as i
        join pg_class as c on c.oid = i.inhrelid
        where i.inhparent = p_relation;
        exit when v_is_locked or v_covered @> daterange(p_from, p_to, '[]');
        -- of two sessions the second waits and looks again; not an advisory lock, which any session could hold
        perform from core.partition_set as s where s.relation = v_name for update;
    end loop;
    for v_day in
        select p_from + d.n from generate_series(0, p_to - p_from) as d (n)
        where not v_covered @> (p_from + d.n)
    loop
        if v_leaving @> v_day then
            raise exception 'the partition of % for % is being detached', v_name, v_day
            using errcode = '55006', hint = 'Run: stanchion partitions run';
        end if;
        select format('%I.%I', n.nspname, c.relname) into v_child
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        where
            c.relkind = 'r'
            and not c.relispartition
            and (
                (n.nspname = 'parts' and c.relname = v_prefix || to_char(v_day, 'YYYYMMDD'))
                or obj_description(c.oid, 'pg_class') = core.detached_comment(v_name, v_day)
            );
        v_is_former := found;
        if not v_is_former then
            v_child := format('parts.%I', v_prefix || to_char(v_day, 'YYYYMMDD'));
            execute format(
                'create table %s (like %s including defaults including constraints including generated including storage)',
                v_child, p_relation
            );
            execute format('revoke all on %s from stanchion_owner', v_child);
            execute format('alter table %s enable row level security, force row level security', v_child);
        end if;
        execute format(
            'alter table %s attach partition %s for values from (%L) to (%L)',
            p_relation, v_child, v_day, v_day + 1
        );
        if v_is_former then
            -- drops the check constraint that the detach left so that attaching need not read the rows
            for v_constraint in
                select c.conname from pg_constraint as c
                where c.conrelid = v_child::regclass and c.contype = 'c' and c.coninhcount = 0
            loop
                execute format('alter table %s drop constraint %I', v_child, v_constraint);
            end loop;
            execute format('comment on table %s is null', v_child);
        end if;
        insert into core.partition_log (relation, day, outcome)
        values (v_name, v_day, case when v_is_former then 'reattached' else 'made' end);
        v_made := v_made + 1;
    end loop;
    return v_made;
end;
$$;

comment on function core.ensure_partitions(regclass, date, date) is
'Returns the number of daily partitions created. Errors: 42809 when the table is not partitioned by day; 42501 when it is not a table of Stanchion; 42622 when its name leaves no room for a day; 22004 when an end is null; 22023 for more than ten years; 55006 when a day is half detached.';

-- Returns the comment that a partition outside the schema parts gets before it is detached. A detached table with a
-- foreign name has no other trace of its parent and day.
create or replace function core.detached_comment(p_relation text, p_day date)
returns text
language plpgsql
stable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    return format('%s %s, on its way out', p_relation, to_char(p_day, 'YYYY-MM-DD'));
end;
$$;

comment on function core.detached_comment(text, date) is 'Returns the comment of a partition that is detached and not dropped yet.';

-- revert: drop function core.detached_comment(text, date);
-- revert: drop function core.ensure_partitions(regclass, date, date);
