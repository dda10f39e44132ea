-- Creates the partitions of a table for a range of days, both ends included. A table with the span month gets a partition
-- for a whole month, unless a day of that month has a partition already.
--
-- A new table that is attached afterwards blocks no reader and no writer of its parent, while "create table ... partition
-- of" waits for all of them. It is empty, so its bounds need no check. A partition gets no grant, not even for the owner,
-- and forced row-level security without a policy, so that its rows can only be read through the table. A day that was
-- detached and not dropped yet is attached again, with its rows. Rights are revoked after the attach: on a cluster, Citus
-- reads the new partition as the owner.
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
    v_pattern text;
    v_child text;
    v_is_former boolean;
    v_is_locked boolean;
    v_is_monthly boolean;
    v_is_of_month boolean;
    v_days daterange;
    v_month daterange;
    v_comment text;
    v_constraint name;
    v_covered datemultirange;
    v_leaving datemultirange := '{}'::datemultirange;
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
    v_pattern := '^' || v_prefix || '[0-9]{6}([0-9]{2})?$';
    v_is_monthly := exists (select from core.partition_set as s where s.relation = v_name and s.span = 'month');
    for v_is_locked in select unnest(array[false, true]) loop
        v_covered := core.named_days(p_relation, v_prefix, p_from, p_to, v_is_monthly);
        exit when v_covered @> daterange(p_from, p_to, '[]');
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
        exit when v_is_locked or v_covered @> daterange(p_from, p_to, '[]');
        -- of two sessions the second waits and looks again; not an advisory lock, which any session could hold
        perform from core.partition_set as s where s.relation = v_name for update;
    end loop;
    for v_day in
        select p_from + d.n from generate_series(0, p_to - p_from) as d (n)
        where not v_covered @> (p_from + d.n)
    loop
        continue when v_covered @> v_day;  -- by a month that this call has made
        if v_leaving @> v_day then
            raise exception 'the partition of % for % is being detached', v_name, v_day
            using errcode = '55006', hint = 'Run: stanchion partitions run';
        end if;
        v_days := daterange(v_day, v_day + 1);
        v_month := daterange(date_trunc('month', v_day::timestamp)::date, (date_trunc('month', v_day::timestamp) + interval '1 month')::date);
        v_comment := core.detached_comment(v_name, v_day);
        select former.child, former.is_of_month into v_child, v_is_of_month
        from (
            select
                format('%I.%I', n.nspname, c.relname) as child,
                c.relname = v_prefix || to_char(v_day, 'YYYYMM') as is_of_month
            from pg_class as c
            join pg_namespace as n on n.oid = c.relnamespace and n.nspname = 'parts'
            where
                c.relname in (v_prefix || to_char(v_day, 'YYYYMMDD'), v_prefix || to_char(v_day, 'YYYYMM'))
                and c.relkind = 'r'
                and not c.relispartition
            union all
            select format('%I.%I', n.nspname, c.relname), false
            from pg_description as d
            join pg_class as c on c.oid = d.objoid and c.relkind = 'r' and not c.relispartition
            join pg_namespace as n on n.oid = c.relnamespace
            where d.classoid = 'pg_class'::regclass and d.objsubid = 0 and d.description = v_comment
            limit 1
        ) as former;
        v_is_former := found;
        if not v_is_former then
            v_is_of_month := v_is_monthly and not v_covered && v_month and not v_leaving && v_month;
            v_child := format('parts.%I', v_prefix || to_char(v_day, case when v_is_of_month then 'YYYYMM' else 'YYYYMMDD' end));
            if v_day < core.utc_day(core.clock()) - 1 then  -- a day that is due must exist, or writes would fail
                perform core.check_shard_tables(p_relation);
            end if;
            execute format(
                'create table %s (like %s including defaults including constraints including generated including storage)',
                v_child, p_relation
            );
            execute format('alter table %s enable row level security, force row level security', v_child);
        end if;
        if v_is_of_month then
            v_days := v_month;
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

comment on function core.ensure_partitions(regclass, date, date) is
'Returns the number of partitions created. Errors: 42809 when the table is not partitioned by day; 42501 when it is not a table of Stanchion; 42622 when its name leaves no room for a day; 22004 when an end is null; 22023 for more than ten years; 55006 when a day is half detached; 54000 on a cluster above the threshold of shard tables.';

-- Returns the days of a range that have an attached partition with the name that core.ensure_partitions gives. With
-- p_months the range is extended to whole months.
--
-- It reads a few pages per day. The bounds of a thousand partitions take 70 ms.
create or replace function core.named_days(p_relation regclass, p_prefix text, p_from date, p_to date, p_months boolean)
returns datemultirange
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_from timestamp := p_from;
    v_to timestamp := p_to;
begin
    if p_months then
        v_from := date_trunc('month', v_from);
        v_to := date_trunc('month', v_to) + interval '1 month - 1 day';
    end if;
    return (
        select coalesce(range_agg(named.days), '{}')
        from (
            select p_prefix || to_char(d.day, 'YYYYMMDD') as name, daterange(d.day::date, d.day::date + 1) as days
            from generate_series(v_from, v_to, '1 day') as d (day)
            union all
            select p_prefix || to_char(m.month, 'YYYYMM'), daterange(m.month::date, (m.month + interval '1 month')::date)
            from generate_series(date_trunc('month', v_from), v_to, '1 month') as m (month)
        ) as named
        where exists (
            select from pg_class as c
            join pg_namespace as n on n.oid = c.relnamespace and n.nspname = 'parts'
            join pg_inherits as i on i.inhrelid = c.oid and i.inhparent = p_relation and not i.inhdetachpending
            where c.relname = named.name
        )
    );
end;
$$;

comment on function core.named_days(regclass, text, date, date, boolean) is
'Returns the days of the range with an attached partition of the usual name. Another partition may contain the other days.';

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
-- revert: drop function core.named_days(regclass, text, date, date, boolean);
-- revert: drop function core.ensure_partitions(regclass, date, date);
