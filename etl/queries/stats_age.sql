-- What is computed and kept, and how old it is: the stats of tenants, and each mart.
select
    kept.name,
    kept.refreshed_at,
    extract(epoch from core.clock() - kept.refreshed_at)::bigint as age_s
from (
    select
        'workspace.tenant_stats' as name,
        min(s.refreshed_at) as refreshed_at
    from hidden.tenant_stats as s
    union all
    select
        r.model,
        r.refreshed_at
    from core.stat_refresh as r
    where r.model like 'marts.%'
) as kept
order by kept.refreshed_at asc nulls first, kept.name asc
