-- Gives the tenant a plan, from now on or for a given period. For operators.
create or replace function workspace.subscribe(
    p_plan text, p_from timestamptz default null, p_until timestamptz default null
)
returns uuid
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_from timestamptz := coalesce(p_from, core.clock());
    v_subscription uuid;
begin
    if p_until <= v_from then
        raise exception 'a subscription must end after it begins, not run from % to %', v_from, p_until using errcode = '22023';
    end if;
    insert into workspace.subscription (tenant_id, plan, period)
    values (v_tenant, p_plan, tstzrange(v_from, p_until))
    returning subscription_id into v_subscription;
    perform core.write_audit(
        'subscription.begin', v_subscription::text, jsonb_build_object('plan', p_plan, 'from', v_from, 'until', p_until)
    );
    return v_subscription;
end;
$$;

comment on function workspace.subscribe(text, timestamptz, timestamptz) is
'Returns the id of the subscription. Errors: 23503 when the plan does not exist; 22023 when it would end before it begins; 42501 when no tenant is set.';

-- revert: drop function workspace.subscribe(text, timestamptz, timestamptz);
