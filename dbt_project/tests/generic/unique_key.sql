{#- The columns of the key are not null, and no two rows have the same key. -#}
{% test unique_key(model, columns, per='game') %}
select
    {{ columns | join(', ') }},
    count(*) as times
from {{ to_test(model, per) }} as tested_here
group by {{ columns | join(', ') }}
having count(*) > 1{% for column in columns %} or bool_or({{ column }} is null){% endfor %}
{% endtest %}
