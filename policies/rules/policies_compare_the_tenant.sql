-- A policy on rows of tenants compares tenant_id in the form that the planner can use: with the tenant of the session
-- for applications and the loader, with the tenants of the login for analysts. Only the builder reads every tenant,
-- and a job worker the tenants that have jobs. The policy of the owner admits the tenant of the session, or an
-- operator.
--
-- The check of a written row may first compare the text of the tenant with the setting, which is cheaper per row and
-- admits the same rows: text that equals a tenant_id is the current tenant. So may policies of the owner, whose functions
-- add the tenant themselves, so that no plan depends on the policy. A check may also call core.tenant_to_write(), which
-- refuses another node than that of the tenant. A policy of the owner for reading may add a condition,
-- which only removes rows, and so may a restrictive policy. A policy of analysts evaluates their tenants once per statement
-- in a mart, and for each granted row in a table that a cluster copies, since Citus permits no sub-select there.
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
cross join
    (
        select
            '((tenant_id)::text = current_setting(''app.tenant_id''::text, true))' as by_text,
            '((tenant_id = core.current_tenant()) OR core.is_operator())' as owner,
            '(((tenant_id)::text = current_setting(''app.tenant_id''::text, true)) OR core.is_operator() '
            'OR (tenant_id = core.current_tenant()))' as owner_by_text
    ) as form
where not case
    when e.role_name in ('stanchion_app', 'stanchion_loader')
        then
            e.text = '(tenant_id = core.current_tenant())'
            or e.text like '((tenant\_id = core.current\_tenant()) AND %'
            or (e.is_check and e.text = '(' || form.by_text || ' OR (tenant_id = core.current_tenant()))')
            or (e.is_check and e.text = '(tenant_id = core.tenant_to_write())')
            or (e.is_check and e.text like '((tenant\_id = core.tenant\_to\_write()) AND %')
    when e.role_name = 'stanchion_analyst'
        then
            regexp_replace(e.text, '\s+', ' ', 'g')
            = '((tenant_id = ANY (core.granted_tenants())) AND CASE WHEN (tenant_id = ANY (core.granted_tenants())) '
            || case
                when e.is_reference then 'THEN core.is_readable(tenant_id)'
                else 'THEN ( SELECT (core.granted_tenants() <@ core.readable_tenants()))'
            end || ' ELSE NULL::boolean END)'
    when e.role_name = 'stanchion_builder' then e.text = 'true'
    when e.role_name = 'stanchion_worker' then e.name = 'core.job' and e.text = 'true'
    when e.role_name = 'stanchion_owner'
        then
            e.text in (form.owner, form.owner_by_text)
            or (not e.is_check and starts_with(e.text, '(' || form.owner || ' AND '))
            or (not e.is_check and starts_with(e.text, '(' || form.owner_by_text || ' AND '))
            or (e.is_reference and e.text = 'true')
    else false
end
