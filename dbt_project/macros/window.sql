{#- Pre-hook of a table: every statement of the transaction reads the same snapshot. Otherwise a game that is loaded
    between the query and the delete would be computed in its old state and deleted in its new state. -#}
{% macro one_snapshot() -%}
    {%- if is_table(config.get('materialized')) -%}
        set transaction isolation level repeatable read
    {%- endif -%}
{%- endmacro %}

{% macro is_table(materialized) -%}
    {{ return(materialized in ('replace_changed', 'write_differences')) }}
{%- endmacro %}

{#- Condition for a change inside the window that the materialization opened. Without an open window it is true for
    every change. -#}
{% macro in_window(alias, changes='loads') -%}
    {%- set number = alias ~ '.' ~ {'loads': 'load_id', 'purchases': 'transaction_id'}[changes] -%}
    {{ number }} > core.window_low('{{ changes }}') and {{ number }} <= core.window_high('{{ changes }}')
{%- endmacro %}

{#- The last change up to which a list of changes is complete. The mirror records it with the rows. -#}
{% macro closed_horizon(changes) -%}
    {%- if is_mirrored() -%}
        {{ return("(select coalesce(max(r.position), -1) from core.stat_refresh as r where r.model ~ '^mirror_' and r.changes = '" ~ changes ~ "')") }}
    {%- endif -%}
    {{ return({'loads': 'landing', 'purchases': 'stock'}[changes] ~ '.closed_horizon()') }}
{%- endmacro %}

{#- Whether the sources are a mirror, instead of the tables of the application. -#}
{% macro is_mirrored() -%}
    {{ return(env_var('STANCHION_SOURCES', '') != '') }}
{%- endmacro %}

{#- Whether the rows of a published game exist. A mirror has no rows of a game whose partitions have expired. -#}
{% macro has_rows() -%}
    {%- if is_mirrored() -%}
    (
        exists (
            select from {{ ref('stg_contest__play_event') }} as event
            where event.tenant_id = fixtures.tenant_id and event.played_on = fixtures.played_on and event.game_key = fixtures.game_key
        )
        or exists (
            select from {{ ref('stg_contest__stint') }} as stint
            where stint.tenant_id = fixtures.tenant_id and stint.played_on = fixtures.played_on and stint.game_key = fixtures.game_key
        )
    )
    {%- else -%}
    contest.has_rows(tenant_id, played_on, game_key)
    {%- endif -%}
{%- endmacro %}

{#- The first and the last day of the games in the window. The materialization replaces both texts with constants before
    it runs the query, so that the planner skips the partitions of other days. The comment makes each text unique in
    the compiled SQL. A query that is run without a window, such as a unit test, reads every day. -#}
{% macro first_day() -%} '-infinity'::date /* first day of the window */ {%- endmacro %}
{% macro last_day() -%} 'infinity'::date /* last day of the window */ {%- endmacro %}

{% macro within_days(sql) -%}
    {%- set days = run_query('select min(played_on), max(played_on) from pg_temp.changed_game').rows[0] if first_day() in sql else [none] -%}
    {{ return(sql if days[0] is none else sql | replace(first_day(), "'" ~ days[0] ~ "'::date") | replace(last_day(), "'" ~ days[1] ~ "'::date")) }}
{%- endmacro %}

{#- The tables that this model reads, directly or through views. The model's window ends where the first of them ends.
    -#}
{% macro parents_with_windows() -%}
    {%- set found = [] -%}
    {%- set todo = model.depends_on.nodes | list -%}
    {%- for id in todo -%}
        {%- set parent = graph.nodes.get(id) -%}
        {%- if parent and parent.resource_type == 'model' -%}
            {%- if is_table(parent.config.materialized) -%}
                {%- do found.append("'" ~ parent.schema ~ "." ~ parent.name ~ "'") -%}
            {%- else -%}
                {#- a view: continue with the models that it reads -#}
                {%- for grandparent in parent.depends_on.nodes if grandparent not in todo -%}
                    {%- do todo.append(grandparent) -%}
                {%- endfor -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return('array[' ~ (found | unique | join(', ')) ~ ']::text[]') }}
{%- endmacro %}
