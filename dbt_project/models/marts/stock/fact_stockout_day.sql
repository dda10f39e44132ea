{{ config(
    changes='purchases'
) }}

-- A stockout can last for days. Each day has its own row, so that a new day adds rows and leaves those of earlier days
-- unchanged. An item is out of stock after an event that left none: a sale, a delivery or a withdrawal.
with

items as (

    {{ changed_items() }}

),

stockouts as (

    select
        items.tenant_id,
        items.item_id,
        items.first_day,
        levels.happened_at as began_at,
        levels.ended_at
    from items
    cross join lateral (
        select
            known.happened_at,
            min(known.available) as available,  -- orders of a batch share one time: the stock after the last of them
            lead(known.happened_at) over (order by known.happened_at) as ended_at
        from (
            (
                select
                    events.happened_at,
                    events.available
                from {{ ref('int_item_event') }} as events
                where {{ of_item('events', '<') }} and events.kind <> 'refused'
                order by events.happened_at desc, events.available
                limit 1
            )
            union all
            select
                events.happened_at,
                events.available
            from {{ ref('int_item_event') }} as events
            where {{ of_item('events') }} and events.kind <> 'refused'
        ) as known
        group by known.happened_at
    ) as levels
    where levels.available = 0

)

select
    stockouts.tenant_id,
    stockouts.item_id,
    stockouts.began_at,
    parts.day,
    case when (stockouts.ended_at at time zone 'UTC')::date = parts.day then stockouts.ended_at end as ended_at,
    parts.refused,
    parts.refused_quantity
from stockouts
cross join lateral (
    select
        parts_of_day.day,
        sum(parts_of_day.refused)::integer as refused,
        sum(parts_of_day.quantity)::bigint as refused_quantity
    from (
        select
            (edge.at at time zone 'UTC')::date as day,
            0 as refused,
            0 as quantity
        from (values (stockouts.began_at), (stockouts.ended_at)) as edge (at)
        where edge.at is not null
        union all
        select
            events.day,
            1,
            events.quantity
        from {{ ref('int_item_event') }} as events
        where
            {{ of_item('events', item='stockouts') }}
            and events.happened_at >= stockouts.began_at
            and (events.happened_at < stockouts.ended_at or stockouts.ended_at is null)
            and events.kind = 'refused'
            and events.available = 0
    ) as parts_of_day
    where parts_of_day.day >= stockouts.first_day
    group by parts_of_day.day
) as parts
