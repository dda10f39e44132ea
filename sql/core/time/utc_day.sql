-- The UTC day of an instant: the only way a day is made of a time. A cast asks the session's time
-- zone, and half past twelve UTC is tomorrow in Auckland.
create or replace function core.utc_day(p_at timestamptz)
returns date
language sql
immutable
parallel safe
return (p_at at time zone 'UTC')::date;

comment on function core.utc_day(timestamptz) is 'The UTC day of an instant, whatever the time zone of the session.';

grant execute on function core.utc_day(timestamptz)
to stanchion_app, stanchion_loader, stanchion_builder, stanchion_analyst;

-- revert: drop function core.utc_day(timestamptz);
