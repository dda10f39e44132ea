-- What the plans of the tenant that are in force now let it do with a feature: the most generous of them.
create or replace function workspace.in_force(
    p_feature text, out is_entitled boolean, out limit_value bigint, out limit_window text
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
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
                where s.tenant_id = core.required_tenant() and s.plan = f.plan and s.period @> v_now
            )
        )
    order by f.limit_value desc nulls first
    limit 1;
    is_entitled := coalesce(is_entitled, false);
end;
$$;

comment on function workspace.in_force(text) is
'Whether the feature is in a plan in force, and its limit, null for none. Raises 42501 without a tenant.';

-- revert: drop function workspace.in_force(text);
