{#- What a relation was built with: as long as it is the same, neither the columns, the description nor the
    grants have to be looked at. -#}
{% macro definition_of(sql) -%}
    {{ return(local_md5(sql ~ tojson(model.columns) ~ model.description ~ tojson(config.get('grants') or {}) ~ tojson(config.get('indexes') or []))) }}
{%- endmacro %}

{#- Grants and comments, where the definition changed. -#}
{% macro describe(relation) -%}
    {% set grants = config.get('grants') %}
    {% do apply_grants(relation, grants, should_revoke=True) %}
    {% do persist_docs(relation, model) %}
{%- endmacro %}
