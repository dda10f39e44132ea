{#- A mart is a table that is made once and never swapped: a swap drops the views on it, waits behind every
    open reader and keeps the others waiting with it, and between its steps the policies are missing.

    What is new since the last build is computed into a temporary table and written over what it replaces, in
    one transaction with the note how far the mart has come. The first build and --full-refresh are the
    same with everything as new. Where nothing is new, nothing of the mart is touched. -#}
{% materialization incremental, adapter='postgres' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set temp_relation = make_temp_relation(target_relation) -%}
    {%- set name = this.schema ~ '.' ~ this.identifier -%}
    {%- set strategy = config.require('incremental_strategy') -%}
    {%- set definition = definition_of(sql) -%}
    {%- set partition_by = config.get('partition_by') -%}
    {%- set changes = config.get('changes', 'loads') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% if existing is not none and not existing.is_table %}
        {{ exceptions.raise_compiler_error(name ~ ' is a view in the database; drop it, and build again.') }}
    {% endif %}
    {%- set afresh = existing is none or flags.FULL_REFRESH -%}
    {%- set window = run_query(
        "select w.low, w.high, w.definition, core.window_tenant() from core.open_window('" ~ name ~ "', '" ~ changes ~ "', " ~ closed_horizon(changes) ~ ", "
        ~ parents_with_windows() ~ ", " ~ ('true' if afresh else 'false') ~ ") as w"
    ).rows[0] -%}
    {%- set redefined = existing is none or window[2] != definition -%}

    {% if existing is none %}
        {% do run_query(create_mart(target_relation, sql)) %}
        {% do create_indexes(target_relation) %}
    {% elif redefined %}
        {% do add_columns(target_relation) %}
    {% endif %}

    {%- set columns = model.columns.values() | map(attribute='name') | list -%}
    {%- set has_news = window[0] != window[1] -%}
    {% if has_news or config.get('always') %}
        {% do run_query(steady_plans()) %}
        {% do run_query(get_create_table_as_sql(True, temp_relation, within_days(sql) if first_day() in sql else sql)) %}
        {% do run_query('analyze ' ~ temp_relation) %}
    {% endif %}
    {% if not has_news and config.get('always') %}
        {%- set has_news = run_query(differences(target_relation, temp_relation, columns)).rows[0][0] -%}
    {% endif %}

    {% if not has_news %}
        {% call statement('main') %} select 1 {% endcall %}
    {% else %}
        {% if partition_by %}
            {% do run_query(
                "select core.ensure_mart_partitions('" ~ target_relation ~ "', min(" ~ partition_by ~ "), max(" ~ partition_by ~ ")) from " ~ temp_relation
            ) %}
        {% endif %}
        {% call statement('main') %}
            {{ context['write_' ~ strategy](target_relation, temp_relation, columns, flags.FULL_REFRESH and window[3] is none) }}
        {% endcall %}
        {% if afresh %}{% do run_query('analyze ' ~ target_relation) %}{% endif %}
    {% endif %}

    {% if redefined %}{% do describe(target_relation) %}{% endif %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% if redefined or has_news %}
        {% do run_query("select core.close_window('" ~ name ~ "', '" ~ changes ~ "', '" ~ definition ~ "')") %}
    {% endif %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{#- The empty table, from the contract where there is one. A mart by month is partitioned by its day. -#}
{% macro create_mart(relation, sql) -%}
    {%- set partition_by = config.get('partition_by') -%}
    {{ get_assert_columns_equivalent(sql) }}
    create table {{ relation }} {{ get_table_columns_and_constraints() }}
    {%- if partition_by %} partition by range ({{ partition_by }}){% endif %}
{%- endmacro %}

{#- A column that the contract has and the table has not. Its values come with --full-refresh. -#}
{% macro add_columns(relation) -%}
    {%- set have = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
    {%- for column in model.columns.values() if column.name not in have -%}
        {% do run_query('alter table ' ~ relation ~ ' add column ' ~ column.name ~ ' ' ~ column.data_type) %}
    {%- endfor -%}
{%- endmacro %}

{#- Plans that cannot flip, whatever the statistics say of how many games or items changed. Each is a lateral query,
    which is a loop under any setting; within it rows are found by index and joined by hash. Left to itself
    the planner reads a mart whole once it is small enough, and loops over what it takes for one row. The settings end
    with the transaction. Switched off paths look dear, which would have everything compiled. -#}
{% macro steady_plans() -%}
    set local enable_seqscan = off;
    set local enable_nestloop = off;
    set local enable_mergejoin = off;
    set local jit = off
{%- endmacro %}
