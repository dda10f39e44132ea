-- Creates the monthly partitions of a mart for a span of days, both ends included, and for this and the next month.
--
-- A partition is created beside the mart and then attached, which blocks no reader. It gets no grant, not even for the
-- builder, and forced row-level security without a policy, so that its rows can only be read through the mart. Like the
-- mart, it has no statistics.
create or replace function core.ensure_mart_partitions(p_relation regclass, p_from date, p_to date)
returns integer
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_table name;
    v_month date;
    v_child text;
    v_today date := core.utc_day(core.clock());
    v_made integer := 0;
begin
    select c.relname into v_table from pg_class as c where c.oid = p_relation and c.relkind = 'p';
    if not found then
        raise exception 'mart % does not exist or is not partitioned', coalesce(p_relation::text, 'null') using errcode = '42P01';
    elsif p_from < '0001-01-01' or p_to > '9999-11-30' or p_to - p_from > 73050 then
        raise exception 'the days of a mart must be in the years 1 to 9999 and at most 200 years apart, not % to %', p_from, p_to
            using errcode = '22023';
    end if;
    for v_month in
        select date_trunc('month', m.day)::date
        from generate_series(date_trunc('month', p_from::timestamp), p_to::timestamp, '1 month') as m (day)
        union
        select (date_trunc('month', v_today::timestamp) + make_interval(months => n))::date
        from generate_series(0, 1) as n
    loop
        v_child := format('%s__%s', v_table, to_char(v_month, 'YYYYMM'));
        continue when to_regclass(format('mart_parts.%I', v_child)) is not null;
        v_child := format('mart_parts.%I', v_child);
        execute format(
            'create table %s (like %s including defaults including constraints including storage)', v_child, p_relation
        );
        perform core.hide_statistics(v_child::regclass);
        execute format('alter table %s enable row level security, force row level security', v_child);
        execute format(
            'alter table %s attach partition %s for values from (%L) to (%L)',
            p_relation, v_child, v_month, (v_month + interval '1 month')::date
        );
        -- after the attach, which Citus repeats for the shards as the owner
        execute format('revoke all on %s from stanchion_builder', v_child);
        v_made := v_made + 1;
    end loop;
    return v_made;
end;
$$;

comment on function core.ensure_mart_partitions(regclass, date, date) is
'Returns the number of monthly partitions created for a mart; without days, only those of this and the next month. Errors: 42P01 when the relation is not a partitioned mart; 22023 when the days are not finite or more than 200 years apart.';

grant execute on function core.ensure_mart_partitions(regclass, date, date) to stanchion_builder;

-- revert: drop function core.ensure_mart_partitions(regclass, date, date);
