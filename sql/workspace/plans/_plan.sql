-- Returns the entitlement of a feature in the current plans of the tenant: the most generous one.
create or replace function workspace.in_force(
    p_feature text, out is_entitled boolean, out limit_value bigint, out limit_window text
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = auto
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_now timestamptz := core.clock();
begin
    select f.limit_value is distinct from 0, f.limit_value, f.limit_window into is_entitled, limit_value, limit_window
    from workspace.plan_feature as f
    join workspace.plan as p on p.plan = f.plan
    where
        f.feature = p_feature
        and (
            p.is_for_everybody
            or exists (
                select from workspace.subscription as s
                where s.tenant_id = v_tenant and s.plan = f.plan and s.period @> v_now
            )
        )
    order by f.limit_value desc nulls first
    limit 1;
    is_entitled := coalesce(is_entitled, false);
end;
$$;

comment on function workspace.in_force(text) is
'Returns whether a current plan has the feature, and its limit, null without one. Errors: 42501 when no tenant is set.';

-- revert: drop function workspace.in_force(text);
