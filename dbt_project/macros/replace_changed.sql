{#- The unit of change is the game, or an item from a day on: the rows of every one in the window go and those computed
    come. What changed is taken from the list of changes and not from the new rows, so that a game that was withdrawn,
    and has no rows any more, goes too. -#}
{% macro write_replace_changed(target, source, columns, afresh) -%}
    {%- set list = columns | join(', ') -%}
    {%- set is_of_games = config.get('changes', 'loads') == 'loads' -%}
    {% if not afresh -%}
    -- one by one
    set local enable_nestloop = on;
    set local enable_hashjoin = off;
    {% endif -%}
    delete from {{ target }} as old
    {% if afresh and is_of_games -%}
    -- but for the games of a load that is still running, which stay as they were and come with the next build, and
    -- those whose day has expired, which stay as they were for good
    where
        not exists (
            select from {{ ref('int_game') }} as game
            where
                game.tenant_id = old.tenant_id
                and game.game_key = old.game_key
                and (game.load_id > core.window_high('loads') or game.is_expired)
        )
    {%- elif not afresh and is_of_games -%}
    using ({{ changed_games('tenant_id, game_key') }}) as changed
    where old.tenant_id = changed.tenant_id and old.game_key = changed.game_key
    {%- elif not afresh -%}
    using ({{ changed_items() }}) as changed
    where old.tenant_id = changed.tenant_id and old.item_id = changed.item_id
        {%- if 'day' in columns %} and old.day >= changed.first_day{% endif %}
    {%- endif %};
    -- in the order of the key, by which a game is read
    insert into {{ target }} ({{ list }})
    select {{ list }} from {{ source }}
    order by {{ (config.require('indexes') | selectattr('unique', 'true') | first).columns | join(', ') }}
{%- endmacro %}

{#- The games that a load in the window changed: by tenant, whose index on the load id then finds them. What is left of a
    game whose day has expired is what the marts hold: it is neither computed nor replaced. -#}
{% macro changed_games(columns='*') -%}
    select {% for column in columns.split(', ') %}game.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
    from ({{ changed_tenants() }}) as changed_tenant
    cross join lateral (
        select *
        from {{ ref('int_game') }} as games_of_tenant
        where
            games_of_tenant.tenant_id = changed_tenant.tenant_id
            and {{ in_window('games_of_tenant') }}
            and games_of_tenant.is_expired is not true
        offset 0
    ) as game
{%- endmacro %}

{#- The tenants with a load in the window. -#}
{% macro changed_tenants() -%}
    select distinct load.tenant_id
    from {{ ref('stg_landing__load_batch') }} as load
    where {{ in_window('load') }} and load.tenant_id = coalesce(core.window_tenant(), load.tenant_id)
{%- endmacro %}

{#- The items of which something was bought or moved in the window, each with the first day that changed: what left an
    item empty late in the evening says how the next day began, and may be committed after it. -#}
{% macro changed_items() -%}
    select
        event.tenant_id,
        event.item_id,
        min(event.day) as first_day
    from {{ ref('int_item_event') }} as event
    where {{ in_window('event', 'purchases') }} and event.tenant_id = coalesce(core.window_tenant(), event.tenant_id)
    group by event.tenant_id, event.item_id
{%- endmacro %}

{#- What happened to a changed item from that day on, or before it. -#}
{% macro of_item(alias, since='>=', item='items') -%}
    {{ alias }}.tenant_id = {{ item }}.tenant_id and {{ alias }}.item_id = {{ item }}.item_id
    and {{ alias }}.happened_at {{ since }} {{ item }}.first_day::timestamp at time zone 'UTC'
{%- endmacro %}
