{#- Who somebody on a side is, across games: the source's id, else the team and the jersey. -#}
{% macro person_of(person_key, side, jersey, game='games') -%}
    coalesce({{ person_key }}, {{ team_of(side, game) }} || '#' || {{ jersey }})
{%- endmacro %}

{% macro team_of(side, game='games') -%}
    case {{ side }} when 'home' then {{ game }}.home_team_key when 'away' then {{ game }}.away_team_key end
{%- endmacro %}

{#- The rows of one game, on its day: the day prunes the partitions. -#}
{% macro of_game(alias, game='games') -%}
    {{ alias }}.tenant_id = {{ game }}.tenant_id and {{ alias }}.played_on = {{ game }}.played_on and {{ alias }}.game_key = {{ game }}.game_key
{%- endmacro %}

{#- Null where there was nothing to divide by, and not 0 or 100. -#}
{% macro share(part, whole, digits=4) -%}
    round(({{ part }})::numeric / nullif(({{ whole }})::numeric, 0), {{ digits }})
{%- endmacro %}
