-- The list of changed items: the marts compute an item again from the day of its first event in a newer transaction.
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
