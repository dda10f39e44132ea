-- Sets the greatest cost of a month for the tenant, from this month on or a later one. For operators.
create or replace function workspace.set_budget(p_limit numeric, p_month date default null)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_month date := coalesce(date_trunc('month', p_month::timestamp)::date, core.utc_month(core.clock()));
begin
    insert into workspace.budget as b (tenant_id, month, limit_cost) values (v_tenant, v_month, p_limit)
    on conflict on constraint budget_pk do update set limit_cost = excluded.limit_cost;
    perform core.write_audit('budget.set', v_month::text, jsonb_build_object('limit', p_limit));
end;
$$;

comment on function workspace.set_budget(numeric, date) is
'Returns nothing. Sets the budget from the month on until the next one; null removes the limit. Errors: 23514 when the budget is negative; 42501 when no tenant is set.';

-- revert: drop function workspace.set_budget(numeric, date);
