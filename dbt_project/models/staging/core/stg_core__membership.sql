select
    tenant_id,
    is_active,
    last_active_at
from {{ source('core', 'membership') }}
