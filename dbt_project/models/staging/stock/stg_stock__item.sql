select
    tenant_id,
    item_id,
    name as item_name,
    price,
    received,
    available,
    sold,
    withdrawn
from {{ source('stock', 'item') }}
