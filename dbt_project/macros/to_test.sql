{#- The rows of a relation that a test checks: those of the games, items or tenants in the window that `stanchion build`
    sets for the session, which begins after the changes that passed their tests. Without a window, every row. The rows
    are read one game, item or tenant at a time: a join would read the whole relation once many games changed, and for a
    view of seasons always. `everything` is for relations without a list of changes. -#}
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
