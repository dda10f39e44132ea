-- Asks the guard of a partitioned table whether a day may go.
create or replace function core.ask_guard(p_guard text, p_day date)
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_reason text;
begin
    execute format('select %s($1)', p_guard::regproc) into v_reason using p_day;
    return v_reason;
end;
$$;

comment on function core.ask_guard(text, date) is
'Why the day may not go, by the guard function of that name; null when it may. Raises 42883 when there is no such guard.';

-- revert: drop function core.ask_guard(text, date);
