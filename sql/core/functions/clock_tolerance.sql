-- How far the clocks of those who make keys, and of the servers that keep them, may differ.
create or replace function core.clock_tolerance()
returns interval
language sql
immutable
parallel safe
return interval '5 minutes';

comment on function core.clock_tolerance() is 'How far ahead of the clock a key may have been made or claimed.';

-- revert: drop function core.clock_tolerance();
