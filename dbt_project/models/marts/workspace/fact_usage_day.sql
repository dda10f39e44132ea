{{ config(
    materialized='write_differences',
    unique_key=['tenant_id', 'used_on', 'feature'],
    always=true,
    recent_by='used_on'
) }}

-- Usage is recorded under the day on which it happens, so only the latest days can differ from the mart.
select
    days.tenant_id,
    days.used_on,
    days.feature,
    days.calls,
    days.tokens,
    days.cost::numeric(24, 9) as cost,
    days.last_used_at
from {{ ref('stg_workspace__usage_daily') }} as days
where {{ is_recent('days') }}
