-- Lets the planner treat the marts as it does for an analyst, for the rest of the transaction.
--
-- The marts have no statistics, so the planner expects one row and loops over thousands. The logins of analysts have these
-- settings from the beginning. An application reads other tables with the same login, which have statistics. A report
-- calls it for every reader.
create or replace function core.plan_for_marts()
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    set local enable_mergejoin = off;
    set local enable_nestloop = off;
    set local jit = off;
    if current_setting('server_version_num')::integer < 180000 then
        -- before 18, the cost of a nested loop that cannot be avoided hides that a bitmap scan reads each page once
        set local enable_indexscan = off;
    end if;
end;
$$;

comment on function core.plan_for_marts() is
'Returns nothing. Sets the planner settings of analysts for the rest of the transaction, which reads marts.';

grant execute on function core.plan_for_marts() to stanchion_app, stanchion_analyst, stanchion_builder;

-- revert: drop function core.plan_for_marts();
