-- Returns the current time, which differs between calls of a transaction. All functions call this one, so that a test
-- can replace the clock.
create or replace function core.clock()
returns timestamptz
language sql
volatile
parallel safe
return clock_timestamp();

comment on function core.clock() is 'Returns the time of the call, not the start of the transaction.';

grant execute on function core.clock() to stanchion_app, stanchion_loader, stanchion_worker, stanchion_builder, stanchion_analyst;

-- revert: drop function core.clock();
