-- Every grant of an analyst is in the audit log of the tenant, since core.grant_analyst writes both. A row made by hand
-- lets a login read a tenant without a trace. Grants older than the audit log are not checked.
--
-- severity: critical
-- remedy: stanchion analyst revoke LOGIN --tenant SLUG; then grant it again with: stanchion analyst add
select
    g.role_name as object,
    format('may read the tenant %s, and the audit log does not contain the grant', coalesce(t.slug, g.tenant_id::text)) as problem
from core.analyst_grant as g
left join core.tenant as t on t.tenant_id = g.tenant_id
cross join
    lateral (
        select s.days_kept from core.partition_set as s
        where s.relation = 'core.audit_log'
    ) as log
where
    (log.days_kept is null or core.utc_day(g.granted_at) > core.utc_day(core.clock()) - log.days_kept)
    and not exists (
        select 1
        from core.audit_log as l
        where l.tenant_id = g.tenant_id and l.action = 'analyst.grant' and l.subject = g.role_name
    )
