{#- The rows of a relation that are tested: those of the games, or of the tenants, in the window that the session
    has. `stanchion build` tests what came since the tests last held; without a window it is everything. What does
    not come with loads is tested whole. -#}
{% macro to_test(relation, per) -%}
    {%- if per == 'game' -%}
        (
            select tested.*
            from ({{ changed_games('tenant_id, game_key') }}) as changed
            join {{ relation }} as tested on tested.tenant_id = changed.tenant_id and tested.game_key = changed.game_key
        )
    {%- elif per == 'everything' -%}
        {{ relation }}
    {%- else -%}
        (
            select tested.*
            from {{ relation }} as tested
            where tested.tenant_id in ({{ changed_tenants() }})
        )
    {%- endif -%}
{%- endmacro %}
