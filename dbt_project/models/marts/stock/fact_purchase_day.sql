{{ config(
    changes='purchases',
    indexes=[
        {'columns': ['tenant_id', 'day']},
    ]
) }}

with

items as (

    {{ changed_items() }}

),

days as (

    select
        items.tenant_id,
        items.item_id,
        counted.*
    from items
    cross join lateral (
        select
            events.day,
            (count(*) filter (where events.kind in ('sold', 'refused')))::integer as orders,
            (count(*) filter (where events.kind = 'sold'))::integer as sold,
            (count(*) filter (where events.kind = 'refused'))::integer as refused,
            (coalesce(sum(events.quantity) filter (where events.kind = 'sold'), 0))::bigint as quantity,
            (coalesce(sum(events.quantity) filter (where events.kind = 'refused'), 0))::bigint as refused_quantity,
            (coalesce(sum(events.quantity * events.price) filter (where events.kind = 'sold'), 0))::numeric(18, 2) as revenue,
            min(events.happened_at) filter (where events.kind in ('sold', 'refused')) as first_decided_at,
            max(events.happened_at) filter (where events.kind in ('sold', 'refused')) as last_decided_at,
            (coalesce(sum(events.quantity) filter (where events.kind in ('added', 'restocked')), 0))::bigint as received,
            (coalesce(sum(events.quantity) filter (where events.kind = 'withdrawn'), 0))::bigint as withdrawn
        from {{ ref('int_item_event') }} as events
        where {{ of_item('events') }}
        group by events.day
    ) as counted

)

select
    days.*,
    latest.available
from days
-- The stock at the end of the day: that of the last event that changed it, which may be on an earlier day. A refused
-- order changes nothing.
cross join lateral (
    select events.available
    from {{ ref('int_item_event') }} as events
    where
        events.tenant_id = days.tenant_id
        and events.item_id = days.item_id
        and events.happened_at < (days.day + 1)::timestamp at time zone 'UTC'
        and events.kind <> 'refused'
    order by events.happened_at desc, events.available
    limit 1
) as latest
