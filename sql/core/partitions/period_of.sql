-- Returns the day, month or year that contains a day. Partitions begin and end with these periods.
create or replace function core.period_of(p_span text, p_day date)
returns daterange
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    v_first timestamp := date_trunc(p_span, p_day::timestamp);
begin
    return daterange(v_first::date, (v_first + ('1 ' || p_span)::interval)::date);
end;
$$;

comment on function core.period_of(text, date) is
'Returns the days of the day, month or year that contains a day. Errors: 22023 when the period is unknown.';

-- Returns the days of a new partition: the longest period up to the span of the table that has no day in common with an
-- existing partition. A changed span is thus in force from the first whole period without a partition.
create or replace function core.free_period(p_span text, p_day date, p_taken datemultirange)
returns daterange
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select core.period_of(u.span, p_day)
        from unnest(array['day', 'month', 'year']) with ordinality as u (span, length)
        where
            u.length <= array_position(array['day', 'month', 'year'], p_span)
            and not core.period_of(u.span, p_day) && p_taken
        order by u.length desc
        limit 1
    );
end;
$$;

comment on function core.free_period(text, date, datemultirange) is
'Returns the days of the longest period up to the span that contains the day and none of the taken days; null when the day is taken.';

-- revert: drop function core.free_period(text, date, datemultirange);
-- revert: drop function core.period_of(text, date);
