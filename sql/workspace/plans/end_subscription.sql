-- Ends a subscription of the tenant, now or at a given time. For operators.
create or replace function workspace.end_subscription(p_subscription uuid, p_at timestamptz default null)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_at timestamptz := coalesce(p_at, core.clock());
begin
    update workspace.subscription as s
    set period = tstzrange(lower(s.period), v_at)
    where s.tenant_id = v_tenant and s.subscription_id = p_subscription and lower(s.period) < v_at;
    if not found then
        raise exception 'subscription % does not exist or begins later', p_subscription using errcode = 'P0002';
    end if;
    perform core.write_audit('subscription.end', p_subscription::text, jsonb_build_object('at', v_at));
end;
$$;

comment on function workspace.end_subscription(uuid, timestamptz) is
'Returns nothing. Ends the subscription at that time. Errors: P0002 when no such subscription began before; 42501 when no tenant is set.';

-- revert: drop function workspace.end_subscription(uuid, timestamptz);
