-- Returns the tenants that the login of this connection may read, as a constant of the plan.
--
-- It is declared immutable although it reads tables: the planner then evaluates it once, before the query reads a row.
-- Evaluated for a row, it would read pages that EXPLAIN (ANALYZE, BUFFERS) counts, and only for the rows that pass the
-- conditions which the planner puts before the policy. An analyst could so test any value of any tenant. The policies
-- of analysts compare the constant with core.readable_tenants() when the first own row is found, so a cached plan
-- returns no row after a revocation (docs/planner.md).
create or replace function core.granted_tenants()
returns uuid[]
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    return core.readable_tenants();
end;
$$;

comment on function core.granted_tenants() is
'Returns the active tenants granted to the login of this connection, evaluated when the query is planned; for policies of analysts only.';

grant execute on function core.granted_tenants() to stanchion_analyst;

-- Makes every session plan the queries of analysts again, after their grants changed.
--
-- The statement changes nothing; a change of a function makes the plans that contain it invalid. The lock is taken
-- first, because two sessions cannot change one function at a time. On a worker of a cluster the coordinator does it, in a
-- transaction of its own: a plan made before the caller commits shows too few rows, and never too many.
create or replace function core.replan_for_analysts()
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_is_answered boolean;
begin
    select c.is_answered into v_is_answered from core.ask_coordinator('select core.replan_for_analysts()') as c;
    if v_is_answered then
        return;
    end if;
    lock table core.analyst_grant in share update exclusive mode;
    alter function core.granted_tenants() immutable;
end;
$$;

comment on function core.replan_for_analysts() is
'Returns nothing. Invalidates cached plans that contain the tenants of an analyst. Called before a grant or the status of a tenant changes.';

-- revert: drop function core.granted_tenants();
-- revert: drop function core.replan_for_analysts();
