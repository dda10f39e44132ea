{#- The stockouts of an item do not overlap. -#}
{% test one_stockout_at_a_time(model) %}
with

spans as (

    select
        tested.tenant_id,
        tested.item_id,
        tested.began_at,
        max(tested.ended_at) as ended_at,
        lead(tested.began_at) over (partition by tested.tenant_id, tested.item_id order by tested.began_at) as next_began_at
    from {{ to_test(model, 'item') }} as tested
    group by tested.tenant_id, tested.item_id, tested.began_at

)

select *
from spans
where not coalesce(ended_at <= next_began_at, next_began_at is null)
{% endtest %}
