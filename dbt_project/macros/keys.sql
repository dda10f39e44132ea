{#- Columns of the primary key of a mart, from its contract. -#}
{% macro key_columns() -%}
    {%- for constraint in model.constraints if constraint.type == 'primary_key' -%}
        {{ return(constraint.columns) }}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error(model.name ~ ' has no primary key: add one to the constraints of its contract.') }}
{%- endmacro %}

{#- Columns and primary key of a new table. The foreign keys are added when every mart exists. -#}
{% macro columns_and_key() -%}
    (
        {{ adapter.render_raw_columns_constraints(raw_columns=model.columns) | join(', ') }},
        primary key ({{ key_columns() | join(', ') }})
    )
{%- endmacro %}

{#- Statement that creates an index. Postgres names it after the table and the columns; dbt's own macro names it by a checksum. -#}
{% macro postgres__get_create_index_sql(relation, index_dict) -%}
    {%- set index = adapter.parse_index(index_dict) -%}
    create {{ 'unique ' if index.unique }}index on {{ relation }} ({{ index.columns | join(', ') }})
{%- endmacro %}

{#- Description of a relation, with the keys that it cannot have as constraints: those of a view and, before Postgres 18, the
    foreign keys of a table. They have the form of the smart tags of PostGraphile, which must come first. -#}
{% macro description_with_keys() -%}
    {%- set is_view = not is_table(config.get('materialized')) -%}
    {%- for constraint in model.constraints -%}
        {%- if constraint.type == 'primary_key' and is_view -%}
            @primaryKey {{ constraint.columns | join(',') }}{{ '\n' }}
        {%- elif constraint.type == 'foreign_key' and (is_view or not can_declare()) -%}
            @foreignKey ({{ constraint.columns | join(', ') }}) references {{ constraint.expression }}{{ '\n' }}
        {%- endif -%}
    {%- endfor -%}
    {{ model.description }}
{%- endmacro %}

{#- Whether the server knows foreign keys that it does not enforce. -#}
{% macro can_declare() -%}
    {{ return(run_query("select current_setting('server_version_num')::integer >= 180000").rows[0][0]) }}
{%- endmacro %}

{#- Hook for the end of a run that adds the missing foreign keys between marts. Postgres does not enforce them: each mart is
    written in a transaction of its own, so a fact may exist a moment before its game. Postgres 15 to 17 cannot declare such
    a key; there the comments of the marts contain them. -#}
{% macro declare_foreign_keys() -%}
    {%- set wanted = [] -%}
    {%- for node in graph.get('nodes', {}).values() if node.resource_type == 'model' and is_table(node.config.materialized) -%}
        {%- for constraint in node.constraints if constraint.type == 'foreign_key' -%}
            {%- do wanted.append([
                node.schema ~ '.' ~ node.name, node.name ~ '_' ~ constraint.columns[-1] ~ '_fkey', constraint.columns | join(', '), constraint.expression
            ]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if execute and wanted -%}
        {%- set missing = run_query(
            "select format('alter table %s add constraint %I foreign key (%s) references %s not enforced', w.mart, w.name, w.columns, w.target) "
            "from (values ('" ~ wanted | map('join', "', '") | join("'), ('") ~ "')) as w (mart, name, columns, target) "
            "where current_setting('server_version_num')::integer >= 180000 and to_regclass(w.mart) is not null "
            "and to_regclass(split_part(w.target, ' ', 1)) is not null and not exists "
            "(select from pg_constraint as k where k.conrelid = to_regclass(w.mart) and k.conname = w.name)"
        ) -%}
        {{ missing.columns[0].values() | join('; ') }}
    {%- endif -%}
{%- endmacro %}
