{#- The rows of a relation that are tested: those of the games, or of the tenants, in the window that the session
    has. `stanchion build` tests what came since the tests last held; without a window it is everything. One game or
    tenant at a time: a join would read the relation whole once much of it changed, and a view of seasons always. -#}
{% macro to_test(relation, per) -%}
    (
        select tested.*
        from ({{ changed_games('tenant_id, game_key') if per == 'game' else changed_tenants() }}) as changed
        cross join lateral (
            select *
            from {{ relation }} as rows_of
            where rows_of.tenant_id = changed.tenant_id {%- if per == 'game' %} and rows_of.game_key = changed.game_key{% endif %}
            offset 0
        ) as tested
    )
{%- endmacro %}
