{#- Something holds for every row; null does not. -#}
{% test expression_is_true(model, expression, per='game') %}
select *
from {{ to_test(model, per) }} as tested_here
where not coalesce(({{ expression }}), false)
{% endtest %}
