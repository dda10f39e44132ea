{#- Who somebody on a side is, across games: the source's id, else the team and the jersey. -#}
{% macro person_of(person_key, side, jersey, game='games') -%}
    coalesce({{ person_key }}, {{ team_of(side, game) }} || '#' || {{ jersey }})
{%- endmacro %}

{% macro team_of(side, game='games') -%}
    case {{ side }} when 'home' then {{ game }}.home_team_key when 'away' then {{ game }}.away_team_key end
{%- endmacro %}

{#- The rows of one game, on its day: the day prunes the partitions when the query runs, and the bounds before it
    is planned. -#}
{% macro of_game(alias, game='games') -%}
    {{ alias }}.tenant_id = {{ game }}.tenant_id and {{ alias }}.played_on = {{ game }}.played_on and {{ alias }}.game_key = {{ game }}.game_key
    and {{ alias }}.played_on between {{ first_day() }} and {{ last_day() }}
{%- endmacro %}

{#- Null where there was nothing to divide by, and not 0 or 100. -#}
{% macro share(part, whole, digits=4) -%}
    (({{ part }})::numeric / nullif(({{ whole }})::numeric, 0))::numeric(9, {{ digits }})
{%- endmacro %}

{#- The number of a period that a league calls 1, 2, 3 or OT: overtime follows the regular ones. -#}
{% macro period_number(name, game='games') -%}
    case when {{ name }} <> 'OT' then {{ name }}
        else (
            select (1 + count(*))::text from jsonb_object_keys({{ game }}.period_seconds) as k (name) where k.name ~ '^[0-9]+$'
        )
    end
{%- endmacro %}

{#- What says whether a game counts: looked up for each game, whatever the statistics say of how many there are. -#}
{% macro with_quality(game='games') -%}
    cross join lateral (
        select judged.is_counted
        from {{ ref('fact_game_quality') }} as judged
        where judged.tenant_id = {{ game }}.tenant_id and judged.game_key = {{ game }}.game_key
        offset 0
    ) as quality
{%- endmacro %}

{#- The minutes of a penalty, as the league has them; a class that nobody knows has none. -#}
{% macro penalty_minutes(detail, game='games') -%}
    case
        when {{ detail }} ilike '%misconduct%' then coalesce(({{ game }}.penalty_minutes ->> 'misconduct')::numeric::integer, 10)
        when {{ detail }} ilike '%major%' then coalesce(({{ game }}.penalty_minutes ->> 'major')::numeric::integer, 5)
        when {{ detail }} ilike '%minor%' then coalesce(({{ game }}.penalty_minutes ->> 'minor')::numeric::integer, 2)
        else 0
    end
{%- endmacro %}

{#- Whether what a participant did is marked as an assist. A third one never counts. -#}
{% macro marks_assist(participants) -%}
    concat_ws(' ', {{ participants }}.detail1, {{ participants }}.detail2) similar to '%Assist(Primary|Secondary)%'
{%- endmacro %}
