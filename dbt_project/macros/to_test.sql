{#- The rows of a relation that are tested: those of the games, items or tenants in the window that the session
    has. `stanchion build` tests what came since the tests last held; without a window it is everything. One game, item or
    tenant at a time: a join would read the relation whole once much of it changed, and a view of seasons always. What
    goes by no list of changes is tested whole. -#}
{% macro to_test(relation, per) -%}
    {%- if per == 'everything' -%}
        {{ relation }}
    {%- else -%}
        {%- set changed = {'game': changed_games('tenant_id, game_key'), 'item': changed_items(), 'tenant': changed_tenants()}[per] -%}
        {%- set key = {'game': 'game_key', 'item': 'item_id'}.get(per) -%}
        (
            select tested.*
            from ({{ changed }}) as changed
            cross join lateral (
                select *
                from {{ relation }} as rows_of
                where rows_of.tenant_id = changed.tenant_id {%- if key %} and rows_of.{{ key }} = changed.{{ key }}{% endif %}
                offset 0
            ) as tested
        )
    {%- endif -%}
{%- endmacro %}
