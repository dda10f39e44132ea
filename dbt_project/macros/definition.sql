{#- Checksum of the query, columns, description, grants, indexes and keys of a model. While it is unchanged, the build does
    not look at the columns, comments and grants of the relation. -#}
{% macro definition_of(sql) -%}
    {{ return(local_md5(sql ~ tojson(model.columns) ~ model.description ~ tojson(config.get('grants') or {}) ~ tojson(config.get('indexes') or []) ~ tojson(model.constraints))) }}
{%- endmacro %}

{#- Applies the grants and comments of a relation. Called when its definition changed. -#}
{% macro describe(relation) -%}
    {% set grants = config.get('grants') %}
    {% do apply_grants(relation, grants, should_revoke=True) %}
    {% do persist_docs(relation, dict(model, description=description_with_keys())) %}
{%- endmacro %}
