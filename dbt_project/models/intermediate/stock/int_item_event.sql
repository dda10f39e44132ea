-- The change list: an item with an event of a later transaction is computed anew, from the day of that event on.
select
    tenant_id,
    item_id,
    state as kind,
    quantity,
    price,
    available,
    decided_at as happened_at,
    day,
    transaction_id
from {{ ref('stg_stock__purchase') }}
union all
select
    tenant_id,
    item_id,
    kind,
    quantity,
    null,
    available,
    moved_at,
    day,
    transaction_id
from {{ ref('stg_stock__movement') }}
