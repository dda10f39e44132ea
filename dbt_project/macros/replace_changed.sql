{#- Table whose unit of change is a game, or an item from a day on: deletes every row of a changed game or item and
    inserts the rows computed for it. -#}
{% materialization replace_changed, adapter='postgres' %}
    {{ return(build_in_place(replace_changed_rows)) }}
{% endmaterialization %}

{#- Statements that replace the rows. The changed games come from the list of changes, not from the new rows, so that
    the rows of a withdrawn game, which has no new rows, are deleted too. -#}
{% macro replace_changed_rows(target, source, columns, everything) -%}
    {%- set list = columns | join(', ') -%}
    {%- set is_of_games = config.get('changes', 'loads') == 'loads' -%}
    {% if not everything -%}
    -- delete by index, one game or item at a time
    select set_config('enable_nestloop', 'on', true), set_config('enable_hashjoin', 'off', true);
    {% endif -%}
    delete from {{ target }} as old
    {% if everything and is_of_games -%}
    -- Keeps games of a load that is still running, which the next build computes, and games whose partitions
    -- have expired, which cannot be computed again.
    where
        not exists (
            select from {{ ref('int_game') }} as game
            where
                game.tenant_id = old.tenant_id
                and game.game_key = old.game_key
                and (game.load_id > core.window_high('loads') or game.is_expired)
        )
    {%- elif not everything and is_of_games -%}
    using ({{ changed_games('tenant_id, game_key') }}) as changed
    where old.tenant_id = changed.tenant_id and old.game_key = changed.game_key
    {%- elif not everything -%}
    using ({{ changed_items() }}) as changed
    where old.tenant_id = changed.tenant_id and old.item_id = changed.item_id
        {%- if 'day' in columns %} and old.day >= changed.first_day{% endif %}
    {%- endif %};
    -- in key order, so that the rows of one game share pages
    insert into {{ target }} ({{ list }})
    select {{ list }} from {{ source }}
    order by {{ key_columns() | join(', ') }}
{%- endmacro %}
