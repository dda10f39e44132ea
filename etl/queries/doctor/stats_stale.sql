-- The stats that are kept of tenants are not older than an hour.
--
-- As long as nothing was used or written since, they are of now, however old they are.
select
    format(
        'The stats of tenants were %s, and tenants were at work since.',
        coalesce('computed at ' || (min(s.refreshed_at) at time zone 'UTC')::timestamp(0) || ' UTC', 'never computed')
    ) as problem,
    'Run: stanchion stats refresh, and let a scheduler run it.' as remedy
from hidden.tenant_stats as s
having
    coalesce(min(s.refreshed_at), '-infinity') < core.clock() - interval '1 hour'
    and (
        select max(t.changed_at)
        from workspace.tenant_state as t
        where t.changed_at < core.clock() - interval '1 hour'
    ) > coalesce(min(s.refreshed_at), '-infinity')
