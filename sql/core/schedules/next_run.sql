-- Returns the first time after a given one that a cron expression selects in a time zone.
--
-- The expression has five fields: minute, hour, day of the month, month, day of the week. When neither of the fields of
-- days begins with *, a day is selected that matches one of them, as in every cron. A local time that does not exist,
-- because the clock is set forward, stands for the time of the jump; one that occurs twice stands for the first.
--
-- Security definer: applications may not call the functions that read the fields.
create or replace function core.next_run(p_cron text, p_zone text, p_after timestamptz)
returns timestamptz
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_fields text[] := regexp_split_to_array(btrim(core.cron_fields(p_cron), E' \t'), '[ \t]+');
    v_minutes integer[];
    v_hours integer[];
    v_days integer[];
    v_months integer[];
    v_weekdays integer[];
    v_is_either boolean;
    v_is_day boolean;
    v_is_weekday boolean;
    v_local timestamp;
    v_day date;
    v_hour integer;
    v_minute integer;
    v_found timestamptz;
begin
    if cardinality(v_fields) <> 5 then
        raise exception 'the cron expression "%" has % fields, expected 5: minute, hour, day of month, month, day of week',
            p_cron, cardinality(v_fields) using errcode = '22023';
    elsif p_zone is null or not isfinite(p_after) is not false then
        raise exception 'a time zone and a finite time are required, not % and %',
            coalesce(p_zone, 'null'), coalesce(p_after::text, 'null') using errcode = '22023';
    end if;
    v_minutes := core.cron_field(v_fields[1], 'minute', 0, 59);
    v_hours := core.cron_field(v_fields[2], 'hour', 0, 23);
    v_days := core.cron_field(v_fields[3], 'day of month', 1, 31);
    v_months := core.cron_field(v_fields[4], 'month', 1, 12);
    v_weekdays := core.cron_field(v_fields[5], 'day of week', 0, 7);
    if 7 = any (v_weekdays) then
        v_weekdays := v_weekdays || 0;
    end if;
    v_is_either := v_fields[3] not like '*%' and v_fields[5] not like '*%';
    v_local := p_after at time zone p_zone;
    v_day := v_local::date;
    -- 29 February is at most eight years away
    while v_day < v_local::date + 366 * 8 + 2 loop
        if not extract(month from v_day)::integer = any (v_months) then
            v_day := (date_trunc('month', v_day::timestamp) + interval '1 month')::date;
            continue;
        end if;
        v_is_day := extract(day from v_day)::integer = any (v_days);
        v_is_weekday := extract(dow from v_day)::integer = any (v_weekdays);
        if (v_is_day and v_is_weekday) or (v_is_either and (v_is_day or v_is_weekday)) then
            foreach v_hour in array v_hours loop
                continue when v_day = v_local::date and v_hour < extract(hour from v_local);
                foreach v_minute in array v_minutes loop
                    v_found := core.local_instant(v_day + make_time(v_hour, v_minute, 0), p_zone);
                    if v_found > p_after then
                        return v_found;
                    end if;
                end loop;
            end loop;
        end if;
        v_day := v_day + 1;
    end loop;
    raise exception 'the cron expression "%" selects no day', p_cron using errcode = '22023';
end;
$$;

comment on function core.next_run(text, text, timestamptz) is
'Returns the first time after p_after that the cron expression selects in the time zone. Errors: 22023 when the expression is invalid or selects no day, or the time zone is unknown.';

grant execute on function core.next_run(text, text, timestamptz) to stanchion_app;

-- Returns the five fields of an expression; an abbreviation such as @daily is replaced.
create or replace function core.cron_fields(p_cron text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_cron not like '@%' then
        return p_cron;
    end if;
    return case lower(p_cron)
        when '@hourly' then '0 * * * *'
        when '@daily' then '0 0 * * *'
        when '@midnight' then '0 0 * * *'
        when '@weekly' then '0 0 * * 0'
        when '@monthly' then '0 0 1 * *'
        when '@yearly' then '0 0 1 1 *'
        when '@annually' then '0 0 1 1 *'
        else p_cron
    end;
end;
$$;

comment on function core.cron_fields(text) is 'Returns the expression with an abbreviation such as @daily replaced by its fields.';

-- Returns the sorted values of one field: lists, ranges and steps of numbers or of English names of months and days.
create or replace function core.cron_field(p_field text, p_name text, p_low integer, p_high integer)
returns integer[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_names text[] := case p_name
        when 'month' then array['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
        when 'day of week' then array['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
        else array[]::text[]
    end;
    v_part text;
    v_match text[];
    v_from integer;
    v_to integer;
    v_step integer;
    v_values integer[] := '{}'::integer[];
begin
    foreach v_part in array string_to_array(lower(p_field), ',') loop
        v_match := regexp_match(v_part, '^(?:\*|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?)(?:/([0-9]{1,2}))?$');
        v_from := case
            when v_match[1] is null then p_low
            when v_match[1] ~ '[a-z]' then array_position(v_names, v_match[1]) - 1 + p_low
            else v_match[1]::integer
        end;
        v_to := case
            when v_match[1] is null then p_high
            when v_match[2] is null then v_from
            when v_match[2] ~ '[a-z]' then array_position(v_names, v_match[2]) - 1 + p_low
            else v_match[2]::integer
        end;
        if p_name = 'day of week' and v_match[2] is not null and v_to = 0 then
            v_to := 7;  -- fri-sun
        elsif p_name = 'day of week' and v_match[1] is null then
            v_to := 6;  -- * must not select Sunday twice, which changes its steps
        end if;
        v_step := coalesce(v_match[3]::integer, 1);
        if
            v_match is null or v_from is null or v_to is null or v_from < p_low or v_to > p_high or v_from > v_to or v_step = 0
            or (v_match[1] is not null and v_match[2] is null and v_match[3] is not null)
        then
            raise exception 'the % "%" of the cron expression is invalid; expected * or numbers from % to %, such as 1,5-9 or */2',
                p_name, v_part, p_low, p_high using errcode = '22023';
        end if;
        v_values := v_values || array(select generate_series(v_from, v_to, v_step));
    end loop;
    return array(select distinct v.value from unnest(v_values) as v (value) order by v.value);
end;
$$;

comment on function core.cron_field(text, text, integer, integer) is
'Returns the values that a field of a cron expression selects, sorted. Errors: 22023 when the field is invalid.';

-- Returns the moment of a local time. Of two moments it is the first; for a local time that does not exist it is the moment
-- at which the clock is set forward.
--
-- Postgres evaluates an ambiguous time with the later offset, and a missing time with the earlier one.
create or replace function core.local_instant(p_local timestamp, p_zone text)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_at timestamptz := p_local at time zone p_zone;
    v_skipped interval := (v_at at time zone p_zone) - p_local;
    v_before interval := ((v_at - interval '24 hours') at time zone p_zone) - ((v_at - interval '24 hours') at time zone 'UTC');
    v_first timestamptz;
    v_low timestamptz;
    v_middle timestamptz;
begin
    if v_skipped = '0' then
        v_first := (p_local - v_before) at time zone 'UTC';
        if v_first < v_at and v_first at time zone p_zone = p_local then
            return v_first;
        end if;
        return v_at;
    end if;
    -- the clock is set forward between v_low and v_at
    v_low := v_at - v_skipped;
    while v_at - v_low > interval '1 second' loop
        v_middle := date_trunc('second', v_low + (v_at - v_low) / 2);
        if (v_middle at time zone p_zone) - (v_middle at time zone 'UTC') = (v_at at time zone p_zone) - (v_at at time zone 'UTC') then
            v_at := v_middle;
        else
            v_low := v_middle;
        end if;
    end loop;
    return v_at;
end;
$$;

comment on function core.local_instant(timestamp, text) is
'Returns the moment of a local time: the first of two, or the moment of the jump for a time that does not exist. Errors: 22023 when the time zone is unknown.';

-- revert: drop function core.next_run(text, text, timestamptz);
-- revert: drop function core.cron_fields(text);
-- revert: drop function core.cron_field(text, text, integer, integer);
-- revert: drop function core.local_instant(timestamp, text);
