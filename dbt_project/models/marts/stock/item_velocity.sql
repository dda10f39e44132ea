{{ config(materialized='secure_view') }}

-- As of the last complete UTC day: the sales of a day that has just begun would look like a slump.
with

today as (

    select core.utc_day(core.clock()) as day

),

windows as (

    select
        items.tenant_id,
        items.item_id,
        today.day - 1 as as_of,
        least(today.day - items.added_on, 7) as days_of_7,
        least(today.day - items.added_on, 28) as days_of_28,
        sold.quantity_7,
        sold.quantity_28,
        left_over.available
    from {{ ref('dim_item') }} as items
    cross join today
    cross join lateral (
        select
            coalesce(sum(days.quantity) filter (where days.day >= today.day - 7), 0)::bigint as quantity_7,
            coalesce(sum(days.quantity), 0)::bigint as quantity_28
        from {{ ref('fact_purchase_day') }} as days
        where
            days.tenant_id = items.tenant_id
            and days.item_id = items.item_id
            and days.day >= today.day - 28
            and days.day < today.day
    ) as sold
    cross join lateral (
        select days.available
        from {{ ref('fact_purchase_day') }} as days
        where days.tenant_id = items.tenant_id and days.item_id = items.item_id and days.day < today.day
        order by days.day desc
        limit 1
    ) as left_over

),

speeds as (

    select
        windows.*,
        (quantity_7::numeric / days_of_7)::numeric(18, 4) as per_day_7,
        (quantity_28::numeric / days_of_28)::numeric(18, 4) as per_day_28
    from windows

)

select
    tenant_id,
    item_id,
    as_of,
    available,
    quantity_7,
    quantity_28,
    per_day_7,
    per_day_28,
    (available * days_of_7 / nullif(quantity_7, 0)::numeric)::numeric(18, 1) as days_left_7,
    (available * days_of_28 / nullif(quantity_28, 0)::numeric)::numeric(18, 1) as days_left_28
from speeds
