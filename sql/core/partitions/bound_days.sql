-- The days of a partition, from the text of its bounds. They are what counts: a name is what somebody
-- once called it, in the time zone that they were in.
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
'The UTC days that a partition with these bounds holds something of, unbounded where they are; null for DEFAULT.';

grant execute on function core.bound_days(text) to stanchion_builder;

-- revert: drop function core.bound_days(text);
