-- Counts one use of a feature if the plan and the budget of the tenant allow it. Call it before the use; a rollback also
-- undoes the count.
--
-- The row of the tenant is locked first, so that exactly the remaining uses pass of many concurrent calls: each counts
-- the uses before it. Security definer: usage is written only here.
create or replace function workspace.record_usage(
    p_feature text,
    p_tokens bigint default 0,
    p_cost numeric default 0,
    out allowed boolean,
    out remaining bigint,
    out reason text
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_principal uuid;
    v_plan record;
    v_now timestamptz;
    v_today date;
    v_month date;
    v_since date;
    v_budget numeric;
    v_calls bigint;
    v_cost numeric;
begin
    if p_tokens is null or p_tokens < 0 or p_cost is null or p_cost < 0 or p_cost >= 1e9 or scale(trim_scale(p_cost)) > 9 then
        raise exception 'tokens and cost must be 0 or more, and a cost below 1e9 with at most nine decimal places, not % and %',
            coalesce(p_tokens::text, 'null'), coalesce(p_cost::text, 'null')
            using errcode = '22023';
    end if;
    select f.* into v_plan from workspace.in_force(p_feature) as f;
    if not v_plan.is_entitled then
        allowed := false;
        remaining := 0;
        reason := 'not in the plan';
        return;
    end if;
    perform workspace.lock_state();
    v_now := core.clock();
    v_today := core.utc_day(v_now);
    v_month := core.utc_month(v_now);
    v_since := case v_plan.limit_window when 'day' then v_today when 'month' then v_month else '-infinity'::date end;
    if v_plan.limit_value is not null then
        select coalesce(sum(u.calls), 0) into v_calls
        from workspace.usage_daily as u
        where u.tenant_id = v_tenant and u.used_on >= v_since and u.feature = p_feature;
        remaining := greatest(v_plan.limit_value - v_calls, 0);
        if remaining = 0 then
            allowed := false;
            reason := 'the limit of the plan is reached';
            return;
        end if;
    end if;
    select b.limit_cost into v_budget
    from workspace.budget as b
    where b.tenant_id = v_tenant and b.month <= v_month
    order by b.month desc
    limit 1;
    if v_budget is not null then
        select coalesce(sum(u.cost), 0) into v_cost
        from workspace.usage_daily as u
        where u.tenant_id = v_tenant and u.used_on >= v_month;
        if v_cost + p_cost > v_budget then
            allowed := false;
            reason := 'the budget of the month is spent';
            return;
        end if;
    end if;
    v_principal := core.acting_principal();
    insert into workspace.usage_event (tenant_id, used_on, used_at, principal_id, feature, tokens, cost)
    values (v_tenant, v_today, v_now, v_principal, p_feature, p_tokens, p_cost);
    insert into workspace.usage_daily as u (tenant_id, used_on, feature, calls, tokens, cost, last_used_at)
    values (v_tenant, v_today, p_feature, 1, p_tokens, p_cost, v_now)
    on conflict on constraint usage_daily_pk do update set
        calls = u.calls + 1,
        tokens = u.tokens + excluded.tokens,
        cost = u.cost + excluded.cost,
        last_used_at = excluded.last_used_at;
    perform workspace.touch(v_now);
    allowed := true;
    remaining := remaining - 1;
end;
$$;

comment on function workspace.record_usage(text, bigint, numeric) is
'Returns whether the use was allowed and counted; the remaining uses, null without a limit; and the reason of a refusal. Errors: 22023 when tokens or cost are invalid; 42501 when no tenant is set, or the principal of the session does not belong to the tenant; 40001 above READ COMMITTED when another use was counted since the snapshot.';

grant execute on function workspace.record_usage(text, bigint, numeric) to stanchion_app;

-- revert: drop function workspace.record_usage(text, bigint, numeric);
