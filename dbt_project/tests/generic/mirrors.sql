{#- The value of `own` for one side of a game equals the value of `other` for the other side. -#}
{% test mirrors(model, own, other, per='game') %}
select
    one.tenant_id,
    one.game_key,
    one.side
from {{ to_test(model, per) }} as one
left join lateral (
    select {{ other }}
    from {{ model }} as sides
    where sides.tenant_id = one.tenant_id and sides.game_key = one.game_key and sides.side <> one.side
    offset 0
) as two on true
where one.{{ own }} is distinct from two.{{ other }}
{% endtest %}
