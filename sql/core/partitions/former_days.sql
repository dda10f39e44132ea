-- Returns the days of a detached partition, which has no bounds, from its name in the schema parts, or from the comment
-- that a partition with a foreign name gets before it is detached.
create or replace function core.former_days(p_relation text, p_name text, p_comment text)
returns daterange
language plpgsql
stable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    v_digits text := substring(p_name from '^' || replace(p_relation, '.', '__') || '__(\d{4}(?:\d\d){0,2})$');
    v_days text[] := regexp_match(
        p_comment, '^' || replace(p_relation, '.', '[.]') || ' (\d{4}-\d\d-\d\d) to (\d{4}-\d\d-\d\d), on its way out$'
    );
begin
    if v_digits is not null then
        return core.period_of(
            case length(v_digits) when 4 then 'year' when 6 then 'month' else 'day' end, rpad(v_digits, 8, '0101')::date
        );
    elsif v_days is not null then
        return daterange(v_days[1]::date, v_days[2]::date);
    end if;
    return null;
exception when datetime_field_overflow then  -- digits that are not a date
    return null;
end;
$$;

comment on function core.former_days(text, text, text) is
'Returns the days of a detached partition of a table; null when neither its name nor its comment contains them.';

-- Returns the comment that a partition outside the schema parts gets before it is detached. A detached table with a
-- foreign name has no other trace of its parent and days.
create or replace function core.detached_comment(p_relation text, p_day date, p_until date)
returns text
language plpgsql
stable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    return format('%s %s to %s, on its way out', p_relation, to_char(p_day, 'YYYY-MM-DD'), to_char(p_until, 'YYYY-MM-DD'));
end;
$$;

comment on function core.detached_comment(text, date, date) is
'Returns the comment of a partition that is detached and not dropped yet; p_until is the day after its last one.';

-- revert: drop function core.detached_comment(text, date, date);
-- revert: drop function core.former_days(text, text, text);
