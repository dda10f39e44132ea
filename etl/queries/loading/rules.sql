-- What the league says itself about its periods, from each day on which it said something: no defaults, since where it
-- says nothing an export may.
select
    greatest(change.valid_from, '0001-01-01') as valid_from,
    said.rules
from (
    select distinct c.valid_from
    from core.tenant_config as c
    where
        c.tenant_id = %(tenant)s
        and c.module = 'contest'
        and c.key in ('periods', 'period_seconds', 'overtime_seconds')
        and c.valid_from <= '9999-12-31'
) as change
cross join lateral (
    select coalesce(jsonb_object_agg(latest.key, latest.value), '{}') as rules
    from (
        select distinct on (c.key) c.key, c.value
        from core.tenant_config as c
        where
            c.tenant_id = %(tenant)s
            and c.module = 'contest'
            and c.key in ('periods', 'period_seconds', 'overtime_seconds')
            and c.valid_from <= change.valid_from
        order by c.key asc, c.valid_from desc
    ) as latest
) as said
