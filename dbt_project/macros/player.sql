{#- Key of a player within a side of a game, from the first of these that the source has: the jersey, the person (their
    id, or their name where a source has only names); '' for an unknown player. Every mart joins players by it. -#}
{% macro player_key() -%}
    coalesce(jersey, 'id:' || person_key, '')
{%- endmacro %}

{#- Jersey in a player key; null when the source has none. -#}
{% macro jersey_of(player_key) -%}
    case when {{ player_key }} !~ '^(id:|$)' then {{ player_key }} end
{%- endmacro %}

{#- Key of a person across games: the source's id, or the team and the jersey of a player without one. -#}
{% macro person_of(person_key, side, jersey, game='games') -%}
    coalesce({{ person_key }}, {{ team_of(side, game) }} || '#' || {{ jersey }})
{%- endmacro %}

{% macro team_of(side, game='games') -%}
    case {{ side }} when 'home' then {{ game }}.home_team_key when 'away' then {{ game }}.away_team_key end
{%- endmacro %}

{#- Condition for the rows of one game. The day selects the partition at run time; the first and last day of the window
    exclude partitions at plan time. -#}
{% macro of_game(alias, game='games') -%}
    {{ alias }}.tenant_id = {{ game }}.tenant_id and {{ alias }}.played_on = {{ game }}.played_on and {{ alias }}.game_key = {{ game }}.game_key
    and {{ alias }}.played_on between {{ first_day() }} and {{ last_day() }}
{%- endmacro %}

{#- Query of the rows of one game in a mart whose index begins with the game. -#}
{% macro rows_of_game(mart, game='games') -%}
    (select * from {{ mart }} as of_game where of_game.tenant_id = {{ game }}.tenant_id and of_game.game_key = {{ game }}.game_key)
{%- endmacro %}

{#- Part of a whole, 0 to 1; null when the whole is 0. It is rounded as a decimal number and then converted: programs read
    double precision as a number, and numeric as an object or a text. -#}
{% macro share(part, whole, digits=4) -%}
    round(({{ part }})::numeric / nullif(({{ whole }})::numeric, 0), {{ digits }})::double precision
{%- endmacro %}

{#- Number of a period with the name 1, 2, 3 or OT, as text. Overtime has the number after the regular periods. -#}
{% macro period_number(name, game='games') -%}
    case when {{ name }} <> 'OT' then {{ name }}
        else (
            select (1 + count(*))::text from jsonb_object_keys({{ game }}.period_seconds) as k (name) where k.name ~ '^[0-9]+$'
        )
    end
{%- endmacro %}

{#- Join that adds quality.is_counted and quality.shootout_side. The lateral looks up each game by index for any statistics. -#}
{% macro with_quality(game='games') -%}
    cross join lateral (
        select
            game_quality.is_counted,
            game_quality.shootout_side
        from {{ ref('fact_game_quality') }} as game_quality
        where game_quality.tenant_id = {{ game }}.tenant_id and game_quality.game_key = {{ game }}.game_key
        offset 0
    ) as quality
{%- endmacro %}

{#- Value of a column; null for a game whose source does not record what the column counts (see stanchion.ingest.reading.model.Lacks). -#}
{% macro recorded(what, value, game='games') -%}
    case when not {{ game }}.lacks && array['{{ what | join("', '") if what is not string else what }}'] then {{ value }} end
{%- endmacro %}

{#- Minutes of a penalty: those of the source, or of its class by the rules of the league; 0 for an unknown class. -#}
{% macro penalty_minutes(event, game='games') -%}
    {%- set detail = event ~ '.detail1' -%}
    case
        when {{ event }}.minutes is not null then {{ event }}.minutes
        when {{ detail }} ilike '%misconduct%' then coalesce(({{ game }}.penalty_minutes ->> 'misconduct')::numeric::integer, 10)
        when {{ detail }} ilike '%major%' then coalesce(({{ game }}.penalty_minutes ->> 'major')::numeric::integer, 5)
        when {{ detail }} ilike '%minor%' then coalesce(({{ game }}.penalty_minutes ->> 'minor')::numeric::integer, 2)
        else 0
    end
{%- endmacro %}

{#- Condition for a participant marked with a first or second assist. A third assist does not count. With LIKE, because a
    regular expression takes longer than everything else that is done with a participant. -#}
{% macro marks_assist(participants) -%}
    concat_ws(' ', {{ participants }}.detail1, {{ participants }}.detail2) like any (array['%AssistPrimary%', '%AssistSecondary%'])
{%- endmacro %}
