{#- Every statement of a model sees the same moment. Otherwise a game that is loaded between computing
    and deleting would be computed as it was and deleted as it is. -#}
{% macro one_snapshot() -%}
    {%- if config.get('materialized') == 'incremental' -%}
        set transaction isolation level repeatable read
    {%- endif -%}
{%- endmacro %}

{#- Whether a change lies in the window that the materialization opened; always, where none is open. -#}
{% macro in_window(alias, changes='loads') -%}
    {%- set number = alias ~ '.' ~ {'loads': 'load_id', 'purchases': 'transaction_id'}[changes] -%}
    {{ number }} > core.window_low('{{ changes }}') and {{ number }} <= core.window_high('{{ changes }}')
{%- endmacro %}

{#- Up to where a list of changes is complete. -#}
{% macro closed_horizon(changes) -%}
    {{ return({'loads': 'landing', 'purchases': 'stock'}[changes] ~ '.closed_horizon()') }}
{%- endmacro %}

{#- The first and the last day of the games in the window: open, until the materialization says which they are. As
    constants they keep the planner from looking at each day that there ever was. -#}
{% macro first_day() -%} '-infinity'::date {%- endmacro %}
{% macro last_day() -%} 'infinity'::date {%- endmacro %}

{% macro within_days(sql) -%}
    {%- set days = run_query('select min(played_on), max(played_on) from (' ~ changed_games('played_on') ~ ') as changed').rows[0] -%}
    {{ return(sql if days[0] is none else sql | replace(first_day(), "'" ~ days[0] ~ "'::date") | replace(last_day(), "'" ~ days[1] ~ "'::date")) }}
{%- endmacro %}

{#- The tables that this model reads and that have windows of their own: it must not be ahead of them. -#}
{% macro parents_with_windows() -%}
    {%- set found = [] -%}
    {%- set todo = model.depends_on.nodes | list -%}
    {%- for id in todo -%}
        {%- set parent = graph.nodes.get(id) -%}
        {%- if parent and parent.resource_type == 'model' -%}
            {%- if parent.config.materialized == 'incremental' -%}
                {%- do found.append("'" ~ parent.schema ~ "." ~ parent.name ~ "'") -%}
            {%- else -%}
                {#- a view: what it reads -#}
                {%- for grandparent in parent.depends_on.nodes if grandparent not in todo -%}
                    {%- do todo.append(grandparent) -%}
                {%- endfor -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return('array[' ~ (found | unique | join(', ')) ~ ']::text[]') }}
{%- endmacro %}
