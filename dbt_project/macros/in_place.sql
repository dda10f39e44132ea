{#- Builds a table in place. Both table materializations call it; `write` is the macro that replaces the rows.

    The table is created once and never swapped for a new one. A swap would drop the views that depend on the table,
    wait for every open reader while later readers queue behind it, and leave the table without policies between its
    steps.

    The rows that changed since the last build are computed into a temporary table and written to the mart. One
    transaction contains both the rows and the new position of the mart. The first build and --full-refresh do the same
    with every change in the window. When nothing changed, the mart is neither read nor written. -#}
{% macro build_in_place(write) %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set temp_relation = make_temp_relation(target_relation) -%}
    {%- set name = this.schema ~ '.' ~ this.identifier -%}
    {%- set columns = model.columns.values() | map(attribute='name') | list -%}
    {%- set comparison = differences(target_relation, sql, columns) if config.get('always') else none -%}
    {%- set definition = definition_of(sql) -%}
    {%- set partition_by = config.get('partition_by') -%}
    {%- set changes = config.get('changes', 'loads') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% if existing is not none and not existing.is_table %}
        {{ exceptions.raise_compiler_error(name ~ ' is a view in the database, and the project defines a table. Drop the view and build again.') }}
    {% endif %}
    {%- set from_scratch = existing is none or flags.FULL_REFRESH -%}
    {%- set window = run_query(
        "select w.low, w.high, w.definition, core.window_tenant() from core.open_window('" ~ name ~ "', '" ~ changes ~ "', " ~ closed_horizon(changes) ~ ", "
        ~ parents_with_windows() ~ ", " ~ ('true' if from_scratch else 'false') ~ ") as w"
    ).rows[0] -%}
    {%- set redefined = existing is none or window[2] != definition -%}

    {% if existing is none %}
        {% do run_query(create_mart(target_relation, sql)) %}
        {% do create_indexes(target_relation) %}
    {% elif redefined %}
        {% do add_columns(target_relation) %}
    {% endif %}
    {#- before it is analyzed: new columns must have no statistics -#}
    {% if redefined %}{% do run_query(secure_relation()) %}{% endif %}

    {%- set has_changes = window[0] != window[1] or (comparison and run_query(comparison).rows[0][0]) -%}
    {% if has_changes %}
        {% if reads_changed_games(sql) or (changes == 'loads' and config.get('materialized') == 'replace_changed') %}{% do run_query(list_changed_games()) %}{% endif %}
        {% do run_query(steady_plans()) %}
        {% do run_query('create temporary table ' ~ temp_relation ~ ' on commit drop as (' ~ from_list(within_days(sql)) ~ '\n)') %}
    {% endif %}

    {% if not has_changes %}
        {% call statement('main') %} select 1 {% endcall %}
    {% else %}
        {% if partition_by %}
            {% do run_query(
                "select core.ensure_mart_partitions('" ~ target_relation ~ "', min(" ~ partition_by ~ "), max(" ~ partition_by ~ ")) from " ~ temp_relation
            ) %}
        {% endif %}
        {% call statement('main') %}
            {{ from_list(write(target_relation, temp_relation, columns, flags.FULL_REFRESH and window[3] is none)) }}
        {% endcall %}
        {% if from_scratch %}{% do run_query("select core.analyze_mart('" ~ target_relation ~ "')") %}{% endif %}
    {% endif %}

    {% if redefined %}{% do describe(target_relation) %}{% endif %}
    {% if comparison %}{% do log(tojson({'comparison of': name, 'query': comparison})) %}{% endif %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% if redefined or has_changes %}
        {% do run_query("select core.close_window('" ~ name ~ "', '" ~ changes ~ "', '" ~ definition ~ "')") %}
    {% endif %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmacro %}

{#- Statement that creates the empty table with the columns and the primary key of the contract. A mart with `partition_by`
    is partitioned by range of that column, one partition a month. -#}
{% macro create_mart(relation, sql) -%}
    {%- set partition_by = config.get('partition_by') -%}
    {{ get_assert_columns_equivalent(sql) }}
    create table {{ relation }} {{ columns_and_key() }}
    {%- if partition_by %} partition by range ({{ partition_by }}){% endif %}
{%- endmacro %}

{#- Adds the columns that the contract has and the table does not. Existing rows get their values with --full-refresh.
    -#}
{% macro add_columns(relation) -%}
    {%- set have = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
    {%- for column in model.columns.values() if column.name not in have -%}
        {% do run_query('alter table ' ~ relation ~ ' add column ' ~ column.name ~ ' ' ~ column.data_type) %}
    {%- endfor -%}
{%- endmacro %}

{#- Planner settings that give the same plan for any statistics. Each model is a lateral query, which runs
    as a loop over the changed games or items under any setting; inside the loop, rows are found by index and joined by
    hash. With the default settings the planner reads a small mart sequentially, and uses nested loops where it
    estimates one row. The settings end with the transaction: set_config() and not SET LOCAL, with which Citus sends the
    whole message of several statements to its nodes. jit is off because a plan with disabled paths has a high
    estimated cost, at which every query would be compiled. -#}
{% macro steady_plans() -%}
    select
        set_config('enable_seqscan', 'off', true), set_config('enable_nestloop', 'off', true),
        set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true)
{%- endmacro %}
