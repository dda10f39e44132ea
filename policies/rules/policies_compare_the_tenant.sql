-- A policy on rows of tenants compares tenant_id in the form that the planner can use: with the tenant of the session
-- for applications and the loader, with the tenants of the login for analysts. Only the builder reads every tenant,
-- and a job worker the tenants that have jobs. The policy of the owner admits the tenant of the session, or an
-- operator.
--
-- The check of a written row may evaluate the tenant once per statement in a sub-select, since no plan depends on it
-- and it is expensive per row; the same holds for policies of the owner, whose functions add the tenant themselves. A
-- restrictive policy only removes rows and may have any condition.
--
-- severity: critical
-- remedy: restore the policy from policies/: stanchion deploy --accept-drift
with expression as (
    select
        r.name,
        r.is_reference,
        p.policyname,
        role.name as role_name,
        clause.text,
        clause.is_check
    from core.own_relation as r
    join pg_policies as p on format('%s.%s', p.schemaname, p.tablename) = r.name
    cross join lateral unnest(p.roles) as role (name)
    cross join lateral (values (p.qual, false), (p.with_check, true)) as clause (text, is_check)
    where r.has_tenant and r.kind = 'table' and clause.text is not null and p.permissive = 'PERMISSIVE'
)

select e.name as object, format('policy %s for %s has the condition %s', e.policyname, e.role_name, e.text) as problem
from expression as e
where not case
    when e.role_name in ('stanchion_app', 'stanchion_loader')
        then
            e.text = '(tenant_id = core.current_tenant())'
            or e.text like '((tenant\_id = core.current\_tenant()) AND %'
            or (e.is_check and e.text = '(tenant_id = ( SELECT core.current_tenant() AS current_tenant))')
    when e.role_name = 'stanchion_analyst'
        then
            regexp_replace(e.text, '\s+', ' ', 'g')
            = '((tenant_id = ANY (core.granted_tenants())) AND CASE WHEN (tenant_id = ANY (core.granted_tenants())) '
            'THEN ( SELECT (core.granted_tenants() <@ core.readable_tenants())) ELSE NULL::boolean END)'
    when e.role_name = 'stanchion_builder' then e.text = 'true'
    when e.role_name = 'stanchion_worker' then e.name = 'core.job' and e.text = 'true'
    when e.role_name = 'stanchion_owner'
        then
            e.text = '((tenant_id = core.current_tenant()) OR core.is_operator())'
            or e.text = '((tenant_id = ( SELECT core.current_tenant() AS current_tenant)) OR ( SELECT core.is_operator() AS is_operator))'
            or (e.is_reference and e.text = 'true')
    else false
end
