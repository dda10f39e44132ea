{#- View that is replaced in place, and only when its definition changed. dbt's own materialization renames the old view
    and drops it, which drops the views that depend on it and blocks their readers. A view is dropped only when a column
    changed its place, its name or its type, which Postgres does not permit in place; views that depend on it prevent that.

    The view has security_invoker, so the row-level security policies of the reader apply. -#}
{% materialization secure_view, adapter='postgres' %}
    {%- set target_relation = this.incorporate(type='view') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set definition = definition_of(sql) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set built_with = run_query("select definition from core.stat_refresh where model = '" ~ this.schema ~ "." ~ this.identifier ~ "'") -%}
    {% if existing is not none and existing.is_view and built_with.rows and built_with.rows[0][0] == definition %}
        {% call statement('main') %} select 1 {% endcall %}
    {% else %}
        {%- set have = get_column_schema_from_query('select * from ' ~ target_relation) if existing is not none else [] -%}
        {%- set want = get_column_schema_from_query(sql) if have else [] -%}
        {% if have | map(attribute='data_type') | list != (want | map(attribute='data_type') | list)[:have | length]
            or have | map(attribute='name') | list != (want | map(attribute='name') | list)[:have | length] %}
            {% do run_query('drop view ' ~ target_relation) %}
        {% endif %}
        {% call statement('main') %}
            create or replace view {{ target_relation }} with (security_invoker = true)
            {% if config.get('contract').enforced %}{{ get_assert_columns_equivalent(sql) }}{% endif %}
            as (
                {{ sql }}
            );
        {% endcall %}
        {% do describe(target_relation) %}
        {{ run_hooks(post_hooks, inside_transaction=True) }}
        {% do run_query("select core.close_window('" ~ this.schema ~ "." ~ this.identifier ~ "', null, '" ~ definition ~ "')") %}
    {% endif %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
