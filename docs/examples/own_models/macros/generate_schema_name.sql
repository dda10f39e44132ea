{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ stanchion.generate_schema_name(custom_schema_name, node) }}
{%- endmacro %}
