{#- Row level security for what was built, in the transaction that built it. What is protected already
    costs a look at the catalog and takes no lock. -#}
{% macro secure_relation() -%}
    select core.secure_relation('{{ this }}'::regclass)
{%- endmacro %}
