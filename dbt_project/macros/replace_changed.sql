{#- The unit of change is the game: the rows of every game in the window go and those computed come. The games
    are taken from the change list and not from the new rows, so that a game that was withdrawn, and
    has no rows any more, goes too. -#}
{% macro write_replace_changed(target, source, columns, afresh) -%}
    {%- set list = columns | join(', ') -%}
    {% if not afresh -%}
    -- game by game
    set local enable_nestloop = on;
    set local enable_hashjoin = off;
    {% endif -%}
    delete from {{ target }} as old
    {% if afresh -%}
    -- but for the games of a load that is still running, which stay as they were and come with the next build
    where
        not exists (
            select from {{ ref('int_game') }} as game
            where game.tenant_id = old.tenant_id and game.game_key = old.game_key and game.load_id > core.window_high()
        )
    {%- else -%}
    using ({{ changed_games('tenant_id, game_key') }}) as changed
    where old.tenant_id = changed.tenant_id and old.game_key = changed.game_key
    {%- endif %};
    -- in the order of the key, by which a game is read
    insert into {{ target }} ({{ list }})
    select {{ list }} from {{ source }}
    order by {{ (config.require('indexes') | selectattr('unique', 'true') | first).columns | join(', ') }}
{%- endmacro %}

{#- The games that a load in the window changed: by tenant, whose index on the load id then finds them. -#}
{% macro changed_games(columns='*') -%}
    select {% for column in columns.split(', ') %}game.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
    from ({{ changed_tenants() }}) as changed_tenant
    cross join lateral (
        select *
        from {{ ref('int_game') }} as games_of_tenant
        where games_of_tenant.tenant_id = changed_tenant.tenant_id and {{ in_window('games_of_tenant') }}
        offset 0
    ) as game
{%- endmacro %}

{#- The tenants with a load in the window. -#}
{% macro changed_tenants() -%}
    select distinct load.tenant_id
    from {{ ref('stg_landing__load_batch') }} as load
    where {{ in_window('load') }} and load.tenant_id = coalesce(core.window_tenant(), load.tenant_id)
{%- endmacro %}
