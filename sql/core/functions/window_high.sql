-- The last load of the window that the transaction computes, as core.open_window set it.
create or replace function core.window_high()
returns bigint
language sql
stable
parallel safe
return coalesce(nullif(current_setting('stanchion.window_high', true), '')::bigint, 9223372036854775807);

comment on function core.window_high() is 'Loads after this one are for a later build; the highest number where no window is open.';

grant execute on function core.window_high() to stanchion_builder;

-- revert: drop function core.window_high();
