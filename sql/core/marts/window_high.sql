-- Returns the last change of the open window, as core.open_window set it.
create or replace function core.window_high(p_changes text)
returns bigint
language sql
stable
parallel safe
return coalesce(nullif(current_setting('stanchion.' || p_changes || '_high', true), '')::bigint, 9223372036854775807);

comment on function core.window_high(text) is
'Returns the last change of this list to include; the highest number when no window is open.';

grant execute on function core.window_high(text) to stanchion_builder;

-- revert: drop function core.window_high(text);
