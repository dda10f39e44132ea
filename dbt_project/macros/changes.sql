{#- The games that a load in the window changed. -#}
{% macro changed_games(columns='*') -%}
    select {% for column in columns.split(', ') %}game.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
    from ({{ search_of_changed_games() }}) as game
{%- endmacro %}

{#- The changed games, found tenant by tenant with the index on the load id. A game whose partitions have expired is left out:
    its rows in the marts are neither computed nor replaced. -#}
{% macro search_of_changed_games() -%}
    /* the changed games */ select of_tenant.*
    from ({{ changed_tenants() }}) as changed_tenant
    cross join lateral (
        select *
        from {{ ref('int_game') }} as games_of_tenant
        where
            games_of_tenant.tenant_id = changed_tenant.tenant_id
            and {{ in_window('games_of_tenant') }}
        offset 0
    ) as of_tenant
    where of_tenant.is_expired is not true
{%- endmacro %}

{#- Statement that stores the changed games until the end of the transaction. The search looks up the rows of each game in its
    partition, so the materialization searches once, and its statements read the result. -#}
{% macro list_changed_games() -%}
    create temporary table changed_game on commit drop as {{ search_of_changed_games() }}
{%- endmacro %}

{#- Replaces the search of the changed games by its stored result. -#}
{% macro from_list(sql) -%}
    {{ return(sql | replace(search_of_changed_games(), 'select * from pg_temp.changed_game') if reads_changed_games(sql) else sql) }}
{%- endmacro %}

{% macro reads_changed_games(sql) -%}
    {{ return('/* the changed games */' in sql) }}
{%- endmacro %}

{#- The tenants with a load in the window. -#}
{% macro changed_tenants() -%}
    select distinct load.tenant_id
    from {{ ref('stg_landing__load_batch') }} as load
    where {{ in_window('load') }} and load.tenant_id = coalesce(core.window_tenant(), load.tenant_id)
{%- endmacro %}

{#- The items with an order or a movement in the window, each with the first day that changed. Later days of the item
    change too: a sale late in the evening determines the stock with which the next day begins, and may be committed
    after an order of the next day. -#}
{% macro changed_items() -%}
    select
        event.tenant_id,
        event.item_id,
        min(event.day) as first_day
    from {{ ref('int_item_event') }} as event
    where {{ in_window('event', 'purchases') }} and event.tenant_id = coalesce(core.window_tenant(), event.tenant_id)
    group by event.tenant_id, event.item_id
{%- endmacro %}

{#- Condition for the events of a changed item from its first changed day on (`>=`) or before that day (`<`). -#}
{% macro of_item(alias, since='>=', item='items') -%}
    {{ alias }}.tenant_id = {{ item }}.tenant_id and {{ alias }}.item_id = {{ item }}.item_id
    and {{ alias }}.happened_at {{ since }} {{ item }}.first_day::timestamp at time zone 'UTC'
{%- endmacro %}
