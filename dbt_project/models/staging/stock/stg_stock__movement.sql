select
    tenant_id,
    item_id,
    movement_id,
    kind,
    qty as quantity,
    available,
    moved_at,
    (moved_at at time zone 'UTC')::date as day,
    transaction_id
from {{ source('stock', 'movement') }}
