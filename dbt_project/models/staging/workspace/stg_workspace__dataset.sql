select
    tenant_id,
    updated_at
from {{ source('workspace', 'dataset') }}
