{{ config(
    changes='purchases'
) }}

with

items as (

    {{ changed_items() }}

)

select
    items.tenant_id,
    items.item_id,
    names.item_name,
    names.price,
    added.day as added_on
from items
join {{ ref('stg_stock__item') }} as names on names.tenant_id = items.tenant_id and names.item_id = items.item_id
left join {{ ref('stg_stock__movement') }} as added
    on added.tenant_id = items.tenant_id and added.item_id = items.item_id and added.kind = 'added'
