{#- In each group, the sum for game type All equals the sum for Regular and Playoffs. -#}
{% test all_is_both(model, measure, by, per='tenant') %}
select
    tenant_id,
    season_key,
    {{ by }}
from {{ to_test(model, per) }} as tested_here
group by tenant_id, season_key, {{ by }}
having
    coalesce(sum({{ measure }}) filter (where game_type = 'All'), 0)
    <> coalesce(sum({{ measure }}) filter (where game_type in ('Regular', 'Playoffs')), 0)
{% endtest %}
