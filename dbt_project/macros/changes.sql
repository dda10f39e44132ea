{#- The games that a load in the window changed. They are found tenant by tenant, with the index on the load id. A game
    whose partitions have expired is left out: its rows in the marts are neither computed nor replaced. -#}
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
