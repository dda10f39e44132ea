-- The comment that a partition outside the schema parts gets before it is detached: without its parent
-- and with somebody else's name, nothing else would say what it was.
create or replace function core.leaving(p_relation text, p_day date)
returns text
language plpgsql
stable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    return format('%s %s, on its way out', p_relation, to_char(p_day, 'YYYY-MM-DD'));
end;
$$;

comment on function core.leaving(text, date) is 'What the comment of a partition says while it is detached and not yet dropped.';

-- revert: drop function core.leaving(text, date);
