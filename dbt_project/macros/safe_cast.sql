{#- Casts a value in a row of a unit test. dbt knows an array only as ARRAY; every array of the models is of text. -#}
{% macro postgres__safe_cast(field, type) -%}
    cast({{ field }} as {{ 'text[]' if type == 'ARRAY' else type }})
{%- endmacro %}
