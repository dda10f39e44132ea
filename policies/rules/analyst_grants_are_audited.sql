-- Every grant of an analyst is in the audit log of the tenant, since core.grant_analyst writes both. A row made by hand
-- lets a login read a tenant without a trace. Grants older than the audit log are not checked.
--
-- The log is read as a whole, because a cluster keeps it on other nodes than the grants and cannot look up each of them.
--
-- severity: critical
-- remedy: stanchion analyst revoke LOGIN --tenant SLUG; then grant it again with: stanchion analyst add
with logged as materialized (
    select array(
        select format('%s %s', l.tenant_id, l.subject)
        from core.audit_log as l
        where l.action = 'analyst.grant'
    ) as grants
),

kept as materialized (
    select min(s.days_kept) as days
    from core.partition_set as s
    where s.relation = 'core.audit_log'
)

select
    g.role_name as object,
    format('may read the tenant %s, and the audit log does not contain the grant', coalesce(t.slug, g.tenant_id::text)) as problem
from core.analyst_grant as g
left join core.tenant as t on t.tenant_id = g.tenant_id
cross join logged
cross join kept
where
    (kept.days is null or core.utc_day(g.granted_at) > core.utc_day(core.clock()) - kept.days)
    and format('%s %s', g.tenant_id, g.role_name) <> all(logged.grants)
