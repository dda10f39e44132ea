-- What the league says itself about its periods, from each day on which it said something: no defaults, since where it
-- says nothing an export may.
with said as (
    select c.key, c.value, c.valid_from
    from core.tenant_config as c
    where
        c.tenant_id = %(tenant)s
        and c.module = 'contest'
        and c.key in ('periods', 'period_seconds', 'overtime_seconds')
        and c.valid_from <= '9999-12-31'
)

select
    greatest(change.valid_from, '0001-01-01') as valid_from,
    rules.rules
from (select distinct said.valid_from from said) as change
cross join lateral (
    select jsonb_object_agg(latest.key, latest.value) as rules
    from (
        select distinct on (said.key) said.key, said.value
        from said
        where said.valid_from <= change.valid_from
        order by said.key asc, said.valid_from desc
    ) as latest
) as rules
