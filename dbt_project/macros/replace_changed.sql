{#- Table whose unit of change is a game, or an item from a day on: makes the rows of a changed game or item equal to the rows
    computed for it. -#}
{% materialization replace_changed, adapter='postgres' %}
    {{ return(build_in_place(replace_changed_rows)) }}
{% endmaterialization %}

{#- Statements that delete the rows that are gone or differ, and insert the rows that are new or differ. Writing a row costs
    more than computing it, and most loads of a game that the mart contains, such as a corrected schedule, change few rows.
    The changed games come from the list of changes, not from the new rows, so that the rows of a withdrawn game, which has
    no new rows, are deleted too. -#}
{% macro replace_changed_rows(target, source, columns, everything) -%}
    {%- set keys = key_columns() -%}
    {%- set day = config.get('partition_by') -%}
    {% if everything -%}
    select set_config('enable_seqscan', 'on', true), set_config('work_mem', '64MB', true);
    {% endif -%}
    create temporary table gone on commit drop as
    select
        existing.part,
        existing.place
        {%- if day %},
        existing.{{ day }}
        {%- endif %}
    from ({{ rows_to_replace(target, everything) }}) as existing
    left join {{ source }} as new on {{ same_key('existing', 'new', keys) }}
    where new.tenant_id is null or ({{ 'new.' ~ columns | join(', new.') }}) is distinct from ({{ 'existing.' ~ columns | join(', existing.') }});
    analyze gone;
    select set_config('enable_nestloop', 'on', true), set_config('enable_hashjoin', '{{ 'on' if everything else 'off' }}', true);
    delete from {{ target }} as old
    using gone
    where old.tableoid = gone.part and old.ctid = gone.place {%- if day %} and old.{{ day }} = gone.{{ day }}{% endif %};
    select set_config('enable_nestloop', 'off', true), set_config('enable_hashjoin', 'on', true);
    -- in key order, so that the rows of one game share pages
    insert into {{ target }} ({{ columns | join(', ') }})
    select {{ 'new.' ~ columns | join(', new.') }}
    from {{ source }} as new
    left join ({{ rows_to_replace(target, everything) }}) as existing on {{ same_key('existing', 'new', keys) }}
    where existing.tenant_id is null
    order by {{ 'new.' ~ keys | join(', new.') }}
{%- endmacro %}

{#- The rows of the mart that the new rows replace, with their table and place in it: those of the changed games or items,
    read by index. With `everything`, all rows except those of games that exist and are not in the list: games of a load that
    is still running, which the next build computes, and games whose partitions have expired, which cannot be computed
    again. -#}
{% macro rows_to_replace(target, everything) -%}
    {%- set is_of_games = config.get('changes', 'loads') == 'loads' -%}
    {%- if everything and is_of_games -%}
    select
        rows_of.tableoid as part,
        rows_of.ctid as place,
        rows_of.*
    from {{ target }} as rows_of
    left join (
        select
            game.tenant_id,
            game.game_key
        from {{ ref('int_game') }} as game
        left join ({{ changed_games('tenant_id, game_key') }}) as listed
            on listed.tenant_id = game.tenant_id and listed.game_key = game.game_key
        where listed.tenant_id is null
    ) as kept on kept.tenant_id = rows_of.tenant_id and kept.game_key = rows_of.game_key
    where kept.tenant_id is null
    {%- elif everything -%}
    select
        rows_of.tableoid as part,
        rows_of.ctid as place,
        rows_of.*
    from {{ target }} as rows_of
    {%- else -%}
    select of_change.*
    from ({{ changed_games('tenant_id, game_key') if is_of_games else changed_items() }}) as changed
    cross join lateral (
        select
            rows_of.tableoid as part,
            rows_of.ctid as place,
            rows_of.*
        from {{ target }} as rows_of
        where
            rows_of.tenant_id = changed.tenant_id
            {%- if is_of_games %}
            and rows_of.game_key = changed.game_key
            {%- else %}
            and rows_of.item_id = changed.item_id
                {%- if 'day' in model.columns %} and rows_of.day >= changed.first_day{% endif %}
            {%- endif %}
        offset 0
    ) as of_change
    {%- endif -%}
{%- endmacro %}
