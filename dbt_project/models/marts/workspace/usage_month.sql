{{ config(materialized='secure_view') }}

select
    days.tenant_id,
    date_trunc('month', days.used_on::timestamp)::date as month,
    days.feature,
    count(*)::integer as days,
    sum(days.calls)::bigint as calls,
    sum(days.tokens)::bigint as tokens,
    sum(days.cost)::numeric(24, 9) as cost
from {{ ref('fact_usage_day') }} as days
group by days.tenant_id, date_trunc('month', days.used_on::timestamp)::date, days.feature
