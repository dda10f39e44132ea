{#- Post-hook that enables row-level security, creates the policies and ends the statistics of a mart, in the
    transaction that builds the relation. For a relation that is already secured it only reads the catalog, without a
    lock. -#}
{% macro secure_relation() -%}
    select core.secure_relation('{{ this }}'::regclass)
{%- endmacro %}
