{#- What one side of a game has for it, the other has against it. -#}
{% test mirrors(model, own, other, per='game') %}
select
    one.tenant_id,
    one.game_key,
    one.side
from {{ to_test(model, per) }} as one
left join {{ model }} as two
    on two.tenant_id = one.tenant_id and two.game_key = one.game_key and two.side <> one.side
where one.{{ own }} is distinct from two.{{ other }}
{% endtest %}
