select
    tenant_id,
    order_key,
    item_id,
    qty as quantity,
    state,
    price,
    available,
    decided_at,
    (decided_at at time zone 'UTC')::date as day,
    transaction_id
from {{ source('stock', 'purchase') }}
