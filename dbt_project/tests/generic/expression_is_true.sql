{#- The expression is true for every row. A null result fails. -#}
{% test expression_is_true(model, expression, per='game') %}
select *
from {{ to_test(model, per) }} as tested_here
where not coalesce(({{ expression }}), false)
{% endtest %}
