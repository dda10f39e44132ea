-- Returns the start of the open window, as core.open_window set it, or as a test set it for the session. Without an open
-- window there is no bound, so that the query of a model can be run by hand and in a unit test.
create or replace function core.window_low(p_changes text)
returns bigint
language sql
stable
parallel safe
return coalesce(nullif(current_setting('stanchion.' || p_changes || '_low', true), '')::bigint, -1);

comment on function core.window_low(text) is
'Returns the last change of this list that is already in the mart; -1 when no window is open.';

grant execute on function core.window_low(text) to stanchion_builder;

-- revert: drop function core.window_low(text);
