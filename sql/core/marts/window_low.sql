-- The window of changes that the transaction computes, as core.open_window set it, or the session for tests.
-- Without one there is no bound, so that a model's query can be run by hand and in a unit test.
create or replace function core.window_low(p_changes text)
returns bigint
language sql
stable
parallel safe
return coalesce(nullif(current_setting('stanchion.' || p_changes || '_low', true), '')::bigint, -1);

comment on function core.window_low(text) is
'Changes of this list up to this one are in the mart already; -1 where no window is open.';

grant execute on function core.window_low(text) to stanchion_builder;

-- revert: drop function core.window_low(text);
