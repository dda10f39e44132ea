-- Creates the partitions of a table for a range of days, both ends included.
create or replace function core.ensure_partitions(p_relation regclass, p_from date, p_to date)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
begin
    if p_from is null or p_to is null then
        raise exception 'the first and the last day must be given, not % and %', coalesce(p_from::text, 'null'), coalesce(p_to::text, 'null')
            using errcode = '22004';
    elsif p_to - p_from > 3700 then
        raise exception '% to % is more than ten years of daily partitions', p_from, p_to using errcode = '22023';
    end if;
    -- it reads core.partition_set, which only the coordinator of a cluster has; so this function stays there too
    return core.ensure_partitions_of(p_relation, array(select p_from + d.n from generate_series(0, p_to - p_from) as d (n)));
end;
$$;

comment on function core.ensure_partitions(regclass, date, date) is
'Returns the number of partitions created. Errors: 42809 when the table is not partitioned by day; 42501 when it is not a table of Stanchion; 42622 when its name leaves no room for a day; 22004 when an end is null; 22023 for more than ten years; 55006 when a day is half detached; 54000 on a cluster above the threshold of shard tables.';

-- Creates the partitions of a table for the given days. A table with the span month or year gets a partition for the
-- whole period; where a part of the period has a partition already, for the longest period that is free. Years have the
-- suffix 2026, months 202603, days 20260310, so that names sort by time. The catalogs are read once for all days.
--
-- A new table that is attached afterwards blocks no reader and no writer of its parent, while "create table ... partition
-- of" waits for all of them. It is empty, so its bounds need no check. A partition gets no grant, not even for the owner,
-- and forced row-level security without a policy, so that its rows can only be read through the table. A day that was
-- detached and not dropped yet is attached again, with its rows. Rights are revoked after the attach: on a cluster, Citus
-- reads the new partition as the owner.
create or replace function core.ensure_partitions_of(p_relation regclass, p_days date[])
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
    v_pattern text;
    v_child text;
    v_span text;
    v_is_former boolean;
    v_is_locked boolean;
    v_days daterange;
    v_wanted datemultirange;
    v_periods date[];
    v_constraint name;
    v_covered datemultirange;
    v_leaving datemultirange := '{}'::datemultirange;
    v_former_children text[];
    v_former_days daterange[];
    v_former datemultirange;
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
    elsif array_position(p_days, null) is not null then
        raise exception 'a day of % is null', v_name using errcode = '22004';
    elsif octet_length(v_prefix) > 55 then
        raise exception 'the name % is too long: with a day it exceeds 63 bytes', v_name using errcode = '42622';
    end if;
    v_pattern := '^' || v_prefix || '[0-9]{4}([0-9]{2}){0,2}$';
    v_span := coalesce((select s.span from core.partition_set as s where s.relation = v_name), 'day');
    v_wanted := (select coalesce(range_agg(daterange(d.day, d.day, '[]')), '{}') from unnest(p_days) as d (day));
    for v_is_locked in select unnest(array[false, true]) loop
        v_covered := core.named_days(p_relation, v_prefix, case when v_is_locked then v_periods else p_days end);
        exit when v_covered @> v_wanted;
        -- another tool may have chosen another name: its bounds are decisive
        select
            v_covered + coalesce(range_agg(b.days) filter (where not i.inhdetachpending), '{}'),
            coalesce(range_agg(b.days) filter (where i.inhdetachpending), '{}')
        into v_covered, v_leaving
        from pg_inherits as i
        join pg_class as c on c.oid = i.inhrelid
        cross join lateral (select core.bound_days(pg_get_expr(c.relpartbound, c.oid)) as days) as b
        where
            i.inhparent = p_relation
            and (i.inhdetachpending or c.relnamespace <> 'parts'::regnamespace or c.relname !~ v_pattern);
        exit when v_is_locked or v_covered @> v_wanted;
        -- of two sessions the second waits and looks again; not an advisory lock, which any session could hold
        perform from core.partition_set as s where s.relation = v_name for update;
        v_periods := array(
            select p.day::date
            from (select distinct core.period_of(v_span, d.day) as days from unnest(p_days) as d (day)) as of_day
            cross join lateral generate_series(lower(of_day.days), upper(of_day.days) - 1, interval '1 day') as p (day)
        );
    end loop;
    if not v_covered @> v_wanted then
        select
            coalesce(array_agg(format('%I.%I', n.nspname, c.relname)), '{}'),
            coalesce(array_agg(f.days), '{}'),
            coalesce(range_agg(f.days), '{}')
        into v_former_children, v_former_days, v_former
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        left join pg_description as d on d.objoid = c.oid and d.classoid = 'pg_class'::regclass and d.objsubid = 0
        cross join lateral (
            select core.former_days(v_name, case when n.nspname = 'parts' then c.relname end, d.description) as days
        ) as f
        where
            c.relkind = 'r'
            and not c.relispartition
            and ((n.nspname = 'parts' and c.relname ~ v_pattern) or starts_with(d.description, v_name || ' '))
            and f.days is not null;
    end if;
    for v_day in
        select distinct d.day from unnest(p_days) as d (day)
        where not v_covered @> d.day
        order by d.day
    loop
        continue when v_covered @> v_day;  -- by a longer partition that this call has made
        if v_leaving @> v_day then
            raise exception 'the partition of % for % is being detached', v_name, v_day
            using errcode = '55006', hint = 'Run: stanchion partitions run';
        end if;
        select f.child, f.days into v_child, v_days
        from unnest(v_former_children, v_former_days) as f (child, days)
        where f.days @> v_day
        limit 1;
        v_is_former := found;
        if not v_is_former then
            v_days := core.free_period(v_span, v_day, v_covered + v_leaving + v_former);
            v_child := format('parts.%I', v_prefix || to_char(lower(v_days), case v_days
                when core.period_of('year', v_day) then 'YYYY'
                when core.period_of('month', v_day) then 'YYYYMM'
                else 'YYYYMMDD'
            end));
            if v_day < core.utc_day(core.clock()) - 1 then  -- a day that is due must exist, or writes would fail
                perform core.check_shard_tables(p_relation);
            end if;
            execute format(
                'create table %s (like %s including defaults including constraints including generated including storage)',
                v_child, p_relation
            );
            execute format('alter table %s enable row level security, force row level security', v_child);
        end if;
        execute format(
            'alter table %s attach partition %s for values from (%L) to (%L)',
            p_relation, v_child, lower(v_days), upper(v_days)
        );
        v_covered := v_covered + v_days::datemultirange;
        if not v_is_former then
            execute format('revoke all on %s from stanchion_owner', v_child);
        else
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
        values (v_name, lower(v_days), case when v_is_former then 'reattached' else 'made' end);
        v_made := v_made + 1;
    end loop;
    return v_made;
end;
$$;

comment on function core.ensure_partitions_of(regclass, date[]) is
'Returns the number of partitions created. Errors: 42809 when the table is not partitioned by day; 42622 when its name leaves no room for a day; 22004 when a day is null; 55006 when a day is half detached; other errors as core.ensure_partitions.';

-- Returns the given days that have an attached partition with the name that core.ensure_partitions gives.
--
-- It reads a few pages per day: offset 0 keeps the lookup of a name a lookup. The bounds of a thousand partitions take
-- 70 ms.
create or replace function core.named_days(p_relation regclass, p_prefix text, p_days date[])
returns datemultirange
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select coalesce(range_agg(core.period_of(named.span, named.day)), '{}')
        from (
            select distinct
                u.span,
                date_trunc(u.span, d.day::timestamp)::date as day,
                p_prefix || to_char(d.day::timestamp, u.suffix) as name
            from (values ('day', 'YYYYMMDD'), ('month', 'YYYYMM'), ('year', 'YYYY')) as u (span, suffix)
            cross join unnest(p_days) as d (day)
        ) as named
        cross join lateral (
            select c.oid from pg_class as c
            where c.relname = named.name::name and c.relnamespace = 'parts'::regnamespace
            offset 0
        ) as found
        join pg_inherits as i on i.inhrelid = found.oid and i.inhparent = p_relation and not i.inhdetachpending
    );
end;
$$;

comment on function core.named_days(regclass, text, date[]) is
'Returns the days with an attached partition of the usual name, and the other days of these partitions. Another partition may contain the other days.';

-- revert: drop function core.named_days(regclass, text, date[]);
-- revert: drop function core.ensure_partitions_of(regclass, date[]);
-- revert: drop function core.ensure_partitions(regclass, date, date);
