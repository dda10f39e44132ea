{#- Expected goals: the coefficients of the seed xg_coefficient, and the attempts that count as high danger. See
    docs/expected-goals.md. -#}

{#- Expected goals from which an attempt is of high danger. -#}
{% macro high_danger() -%} 0.15 {%- endmacro %}

{#- Query of one row with the coefficients of the model, a column for each term. -#}
{% macro xg_coefficients() -%}
    select
        {% for term in [
            'intercept', 'distance', 'angle', 'snap', 'slap', 'backhand', 'tip', 'power_play', 'short_handed', 'rebound', 'rush',
            'empty_net', 'penalty_shot', 'no_place', 'no_missed_shots'
        ] -%}
        max(fitted.coefficient) filter (where fitted.term = '{{ term }}') as {{ term }}{{ ',' if not loop.last }}
        {% endfor -%}
    from {{ ref('xg_coefficient') }} as fitted
{%- endmacro %}

{#- Expected goals of an attempt by the logistic model. An attempt without a place has the mean of all attempts. In a
    source that does not record missed shots, the other attempts are goals more often. -#}
{% macro xg_of(shot, fitted) -%}
    (1 / (1 + exp(
        -coalesce(
            {{ fitted }}.intercept
            + {{ fitted }}.distance * {{ shot }}.distance
            + {{ fitted }}.angle * {{ shot }}.angle
            {% for kind in ['snap', 'slap', 'backhand', 'tip'] -%}
            + case when {{ shot }}.shot_type = '{{ kind }}' then {{ fitted }}.{{ kind }} else 0 end
            {% endfor -%}
            {% for strength in ['power_play', 'short_handed'] -%}
            + case when {{ shot }}.strength = '{{ strength }}' then {{ fitted }}.{{ strength }} else 0 end
            {% endfor -%}
            {% for term in ['rebound', 'rush', 'empty_net', 'penalty_shot'] -%}
            + case when {{ shot }}.is_{{ term }} then {{ fitted }}.{{ term }} else 0 end
            {% endfor -%},
            {{ fitted }}.no_place
        )
        - case when games.lacks && array['missed_shots'] then {{ fitted }}.no_missed_shots else 0 end
    )))::numeric(9, 4)
{%- endmacro %}

{#- Sums over the attempts in fact_shot: expected goals, and attempts of high danger. -#}
{% macro xg_sums(shots, prefix='') -%}
    coalesce(sum({{ shots }}.xg), 0)::numeric(9, 4) as {{ prefix }}xg,
    (count(*) filter (where {{ shots }}.is_high_danger))::integer as {{ prefix }}high_danger_shots
{%- endmacro %}
