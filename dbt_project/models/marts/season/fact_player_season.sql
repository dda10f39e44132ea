{{ config(materialized='secure_view') }}
{% set counts = [
    'goals', 'assists', 'first_assists', 'second_assists', 'assists_linked', 'points', 'shots',
    'shots_on_goal', 'plus_minus', 'plus_minus_all', 'penalties', 'penalty_minutes', 'faceoffs_won',
    'faceoffs_lost', 'giveaways', 'takeaways', 'passes', 'passes_completed', 'blocks', 'shifts', 'seconds',
    'corsi_for', 'corsi_against', 'goals_for_on', 'goals_against_on'
] -%}
{% set expected = ['xg', 'goals_above_expected', 'xg_for_on', 'xg_against_on'] -%}

with

lines as (

    select *
    from {{ ref('fact_player_game') }}
    where is_counted and has_played and not is_goalie

),

totals as (

    select
        lines.tenant_id,
        lines.season_key,
        of_type.game_type,
        lines.person_key,
        (array_agg(lines.team_key order by lines.played_on desc, lines.game_key desc))[1] as team_key,
        count(distinct lines.game_key)::integer as games,
        {% for column in counts + ['hits', 'high_danger_shots'] -%}
        sum(lines.{{ column }})::integer as {{ column }},
        {% endfor -%}
        {% for column in expected -%}
        sum(lines.{{ column }})::numeric(9, 4) as {{ column }},
        {% endfor -%}
        -- for rates: of games in which the source records the time on the ice, and the points
        sum(lines.goals) filter (where lines.seconds is not null) as timed_goals,
        sum(lines.points) filter (where lines.seconds is not null) as timed_points,
        sum(lines.seconds) filter (where lines.points is not null) as seconds_with_points,
        count(*) filter (where lines.points is not null) as games_with_points,
        count(*) filter (where lines.seconds is not null) as timed_games
    from lines
    {{ of_each_type('lines') }}
    group by lines.tenant_id, lines.season_key, of_type.game_type, lines.person_key

)

select
    totals.tenant_id,
    totals.season_key,
    totals.game_type,
    totals.person_key,
    persons.person_name,
    totals.team_key,
    teams.team_name,
    totals.games,
    {% for column in counts -%}
    totals.{{ column }},
    {% endfor -%}
    {{ share('goals', 'shots_on_goal') }} as shooting_share,
    {{ share('faceoffs_won', 'faceoffs_won + faceoffs_lost') }} as faceoff_share,
    {{ share('corsi_for', 'corsi_for + corsi_against') }} as corsi_share,
    {{ share('points', 'games_with_points', 2) }} as points_per_game,
    {{ share('seconds', 'timed_games', 0) }}::integer as seconds_per_game,
    {{ per_60('timed_goals', 'seconds') }} as goals_per_60,
    {{ per_60('timed_points', 'seconds_with_points') }} as points_per_60,
    case when points is not null then (rank() over (by_season order by points desc nulls last))::integer end as points_rank,
    (rank() over (by_season order by goals desc))::integer as goals_rank,
    -- below a fifth of the most games played, rates are not meaningful
    games * 5 >= max(games) over by_season as has_enough_games,
    totals.hits,
    {% for column in expected -%}
    totals.{{ column }},
    {% endfor -%}
    totals.high_danger_shots
from totals
left join {{ ref('dim_person') }} as persons on persons.tenant_id = totals.tenant_id and persons.person_key = totals.person_key
left join {{ ref('dim_team') }} as teams on teams.tenant_id = totals.tenant_id and teams.team_key = totals.team_key
window by_season as (partition by totals.tenant_id, totals.season_key, totals.game_type)
