-- No role may write the tables, or one of their columns, that define identities, rights, limits and past actions.
-- Functions write them after they have checked the caller.
--
-- severity: critical
-- remedy: revoke the privilege; write the rows with a function of the owner.
select
    r.name as object,
    format('%s was granted %s', pg_get_userbyid(a.grantee), lower(a.privilege_type)) as problem
from core.own_relation as r
cross join lateral aclexplode(r.acl) as a
where
    r.name in (
        'core.tenant', 'core.tenant_domain', 'core.tenant_config', 'core.principal', 'core.membership',
        'core.analyst_grant', 'core.api_key', 'core.audit_log', 'core.cooldown', 'core.rate_bucket',
        'workspace.plan', 'workspace.plan_feature', 'workspace.subscription', 'workspace.budget', 'workspace.invitation',
        'workspace.usage_event', 'workspace.usage_daily', 'workspace.tenant_state'
    )
    and a.grantee <> r.owner
    and a.privilege_type <> 'SELECT'
