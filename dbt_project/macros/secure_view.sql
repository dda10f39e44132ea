{#- View that is replaced in place, and only when its definition changed. dbt's own materialization renames the old view
    and drops it, which drops the views that depend on it and blocks their readers.

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
