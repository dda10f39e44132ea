select
    tenant_id,
    name as tenant_name,
    kind as tenant_kind
from {{ source('core', 'tenant') }}
