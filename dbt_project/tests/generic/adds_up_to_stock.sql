{#- The sums of an item's days equal the totals of the shop. Items with events newer than the mart are skipped,
    because the shop continues to sell while the test runs. -#}
{% test adds_up_to_stock(model, items, events) %}
with

days as (

    select
        tested.tenant_id,
        tested.item_id,
        sum(tested.quantity) as sold,
        sum(tested.received) as received,
        sum(tested.withdrawn) as withdrawn,
        (array_agg(tested.available order by tested.day desc))[1] as available
    from {{ to_test(model, 'item') }} as tested
    group by tested.tenant_id, tested.item_id

)

select
    items.tenant_id,
    items.item_id,
    items.sold,
    days.sold as sold_by_day
from days
join {{ items }} as items on items.tenant_id = days.tenant_id and items.item_id = days.item_id
where
    (items.sold, items.received, items.withdrawn, items.available)
    is distinct from (days.sold, days.received, days.withdrawn, days.available)
    and not exists (
        select from {{ events }} as events
        where
            events.tenant_id = items.tenant_id
            and events.item_id = items.item_id
            and events.transaction_id > (select r.position from core.stat_refresh as r where r.model = '{{ model.schema }}.{{ model.identifier }}')
    )
{% endtest %}
