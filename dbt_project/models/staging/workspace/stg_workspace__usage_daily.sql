select
    tenant_id,
    used_on,
    feature,
    calls,
    tokens,
    cost,
    last_used_at
from {{ source('workspace', 'usage_daily') }}
