{#- Two models have the same total in each group. The filter argument is `only`, because dbt reserves `where`. With `known`,
    groups of the first model whose measure is null throughout are left out. -#}
{% test equal_sum(model, measure, to, to_measure, group_by, only='true', to_only=none, per='game', known=false) %}
with

here as (
    select
        {{ group_by | join(', ') }},
        sum({{ measure }}) as total,
        count(*) as rows
    from {{ to_test(model, per) }} as tested_here
    where {{ only }}
    group by {{ group_by | join(', ') }}
),

there as (
    select
        {{ group_by | join(', ') }},
        sum({{ to_measure }}) as total
    from {{ to_test(to, per) }} as tested_there
    where {{ to_only or only }}
    group by {{ group_by | join(', ') }}
)

select
    {{ group_by | join(', ') }},
    here.total as total_here,
    there.total as total_there
from here
full join there using ({{ group_by | join(', ') }})
where coalesce(here.total, 0) <> coalesce(there.total, 0)
    {%- if known %} and not coalesce(here.rows > 0 and here.total is null, false){% endif %}
{% endtest %}
