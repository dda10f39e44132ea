-- Returns the days of a partition from the text of its bounds. The bounds are decisive: a name may have been chosen by
-- another tool, in another time zone.
create or replace function core.bound_days(p_bound text)
returns daterange
language plpgsql
stable
parallel safe
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
    v_from text := (regexp_match(p_bound, 'FROM \(([^)]*)\) TO'))[1];
    v_to text := (regexp_match(p_bound, 'TO \(([^)]*)\)$'))[1];
begin
    if v_from is null then
        return null;
    end if;
    return daterange(
        nullif(trim(v_from, ''''), 'MINVALUE')::timestamptz::date,
        (nullif(trim(v_to, ''''), 'MAXVALUE')::timestamptz + interval '1 day - 1 microsecond')::date
    );
end;
$$;

comment on function core.bound_days(text) is
'Returns the UTC days that a partition with these bounds can contain, unbounded where the bounds are; null for DEFAULT.';

grant execute on function core.bound_days(text) to stanchion_builder;

-- revert: drop function core.bound_days(text);
