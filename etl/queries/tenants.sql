-- Every tenant, as `stanchion tenant list` shows it.
select
    t.slug,
    t.name,
    t.kind,
    t.status,
    t.tenant_id,
    (
        select string_agg(d.domain, ', ' order by d.domain) from core.tenant_domain as d
        where d.tenant_id = t.tenant_id
    ) as domains,
    (
        select string_agg(g.role_name, ', ' order by g.role_name) from core.analyst_grant as g
        where g.tenant_id = t.tenant_id
    ) as analysts
from core.tenant as t
order by t.slug
