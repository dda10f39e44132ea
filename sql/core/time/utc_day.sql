-- Returns the UTC day of a time. Every day is derived by this function: a cast would use the time zone of the session,
-- in which 12:30 UTC may be the next day.
create or replace function core.utc_day(p_at timestamptz)
returns date
language sql
immutable
parallel safe
return (p_at at time zone 'UTC')::date;

comment on function core.utc_day(timestamptz) is 'Returns the UTC day of a time, independent of the time zone of the session.';

grant execute on function core.utc_day(timestamptz)
to stanchion_app, stanchion_loader, stanchion_builder, stanchion_analyst;

-- revert: drop function core.utc_day(timestamptz);
