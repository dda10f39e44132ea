-- name: settings
-- Settings of the session's tenant, with today's value, its start date and the future values.
select
    k.namespace || '.' || k.key as setting,
    coalesce(latest.value, k.default_value)::text as value,
    case when latest.value is null then 'default' else replace(latest.valid_from::text, '-infinity', 'the beginning') end as since,
    (
        select string_agg(c.value::text || ' from ' || c.valid_from::text, ', ' order by c.valid_from)
        from core.tenant_config as c
        where
            c.tenant_id = core.current_tenant()
            and c.namespace = k.namespace
            and c.key = k.key
            and c.valid_from > core.utc_day(core.clock())
    ) as later,
    k.description as meaning
from core.config_key as k
left join lateral (
    select c.value, c.valid_from
    from core.tenant_config as c
    where
        c.tenant_id = core.current_tenant()
        and c.namespace = k.namespace
        and c.key = k.key
        and c.valid_from <= core.utc_day(core.clock())
    order by c.valid_from desc
    limit 1
) as latest on true
order by k.namespace, k.key;

-- name: tenants
-- Tenants with their domains and analysts, for `stanchion tenant list`.
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
order by t.slug;
