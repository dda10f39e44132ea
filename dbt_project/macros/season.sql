{#- Every game counts in its own type and in All, so that All is Regular and Playoffs by construction. -#}
{% macro of_each_type(alias) -%}
    cross join lateral (values ({{ alias }}.game_type), ('All')) as of_type (game_type)
{%- endmacro %}

{#- Per sixty minutes on the ice. -#}
{% macro per_60(amount, seconds) -%}
    (3600 * ({{ amount }})::numeric / nullif({{ seconds }}, 0))::numeric(9, 2)
{%- endmacro %}
