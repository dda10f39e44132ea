-- Keeps a day of usage until workspace.usage_daily has the same totals.
create or replace function workspace.guard_usage_event(p_day date)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_wrong bigint;
begin
    select count(*) into v_wrong
    from (
        select e.tenant_id, e.feature, count(*) as calls, sum(e.tokens) as tokens, sum(e.cost) as cost
        from workspace.usage_event as e
        where e.used_on = p_day
        group by e.tenant_id, e.feature
    ) as used
    left join workspace.usage_daily as u
        on u.tenant_id = used.tenant_id and u.used_on = p_day and u.feature = used.feature
    where (used.calls, used.tokens, used.cost) is distinct from (u.calls, u.tokens, u.cost);
    return case when v_wrong > 0 then 'features of tenants whose totals in workspace.usage_daily differ: ' || v_wrong end;
end;
$$;

comment on function workspace.guard_usage_event(date) is
'Returns the number of features whose totals of the day differ, as a sentence; null when the partition may be dropped.';

-- revert: drop function workspace.guard_usage_event(date);
