{#- Join that repeats each row under its own game type and under All. -#}
{% macro of_each_type(alias) -%}
    cross join lateral (values ({{ alias }}.game_type), ('All')) as of_type (game_type)
{%- endmacro %}

{#- Rate per sixty minutes. -#}
{% macro per_60(amount, seconds) -%}
    (3600 * ({{ amount }})::numeric / nullif({{ seconds }}, 0))::numeric(9, 2)
{%- endmacro %}
