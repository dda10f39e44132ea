{#- Join that repeats each row under its own game type and under All. -#}
{% macro of_each_type(alias) -%}
    cross join lateral (values ({{ alias }}.game_type), ('All')) as of_type (game_type)
{%- endmacro %}

{#- Columns with the number of games by their result. -#}
{% macro results(result) -%}
    {% for name, code in {'wins': 'W', 'losses': 'L', 'ties': 'T', 'overtime_losses': 'OTL', 'shootout_losses': 'SOL'}.items() -%}
    (count(*) filter (where {{ result }} = '{{ code }}'))::integer as {{ name }}{{ ',' if not loop.last }}
    {% endfor -%}
{%- endmacro %}

{#- Rate per sixty minutes. -#}
{% macro per_60(amount, seconds) -%}
    round(3600 * ({{ amount }})::numeric / nullif({{ seconds }}, 0), 2)::double precision
{%- endmacro %}
