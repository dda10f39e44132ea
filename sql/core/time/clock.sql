-- What time it is, asked anew at every call. Functions take the time from here and from nowhere
-- else, so that a test can put its own clock in this one's place.
create or replace function core.clock()
returns timestamptz
language sql
volatile
parallel safe
return clock_timestamp();

comment on function core.clock() is 'The time now, not the time at which the transaction began.';

grant execute on function core.clock() to stanchion_app, stanchion_loader, stanchion_worker, stanchion_builder, stanchion_analyst;

-- revert: drop function core.clock();
