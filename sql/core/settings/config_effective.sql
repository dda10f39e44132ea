-- Settings of a tenant in a namespace, with the days between which they hold: the base of the typed views.
--
-- The first row of every tenant begins at -infinity and contains the defaults of settings that the tenant did not set.
create or replace view core.config_effective with (security_invoker = true) as
with change as (
    select t.tenant_id, k.namespace, '-infinity'::date as valid_from
    from core.tenant as t
    cross join (select distinct namespace from core.config_key) as k
    union
    select c.tenant_id, c.namespace, c.valid_from
    from core.tenant_config as c
)

select
    change.tenant_id,
    change.namespace,
    change.valid_from,
    lead(change.valid_from, 1, 'infinity'::date) over (
        partition by change.tenant_id, change.namespace order by change.valid_from
    ) as valid_to,
    setting.settings
from change
cross join lateral (
    select jsonb_object_agg(k.key, coalesce(latest.value, k.default_value)) as settings
    from core.config_key as k
    left join lateral (
        select c.value
        from core.tenant_config as c
        where
            c.tenant_id = change.tenant_id
            and c.namespace = k.namespace
            and c.key = k.key
            and c.valid_from <= change.valid_from
        order by c.valid_from desc
        limit 1
    ) as latest on true
    where k.namespace = change.namespace
) as setting;

comment on view core.config_effective is
'One row per tenant, namespace and span of days with the same settings: valid_from included, valid_to not.';

grant select on core.config_effective to stanchion_app, stanchion_loader, stanchion_builder;

-- revert: drop view core.config_effective;
