{#- Every value lies between two bounds, both included. Nulls pass. -#}
{% test accepted_range(model, column_name, min_value=none, max_value=none, per='game') %}
select {{ column_name }}
from {{ to_test(model, per) }} as tested_here
where
    false
    {%- if min_value is not none %} or {{ column_name }} < {{ min_value }}{% endif %}
    {%- if max_value is not none %} or {{ column_name }} > {{ max_value }}{% endif %}
{% endtest %}
