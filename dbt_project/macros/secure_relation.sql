{#- Post-hook that enables row-level security and creates the policies, in the transaction that builds the relation.
    For a relation that already has them it only reads the catalog, without a lock. -#}
{% macro secure_relation() -%}
    select core.secure_relation('{{ this }}'::regclass)
{%- endmacro %}
