-- Returns the first day of the UTC month of a time, for the reasons of core.utc_day.
create or replace function core.utc_month(p_at timestamptz)
returns date
language sql
immutable
parallel safe
return date_trunc('month', p_at at time zone 'UTC')::date;

comment on function core.utc_month(timestamptz) is 'Returns the first day of the UTC month of a time, independent of the time zone of the session.';

grant execute on function core.utc_month(timestamptz) to stanchion_app, stanchion_builder;

-- revert: drop function core.utc_month(timestamptz);
