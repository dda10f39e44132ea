{{ config(materialized='secure_view') }}

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
        {% for column in [
            'goals', 'assists', 'first_assists', 'second_assists', 'assists_linked', 'points', 'shots', 'shots_on_goal', 'plus_minus', 'plus_minus_all',
            'penalties', 'penalty_minutes', 'faceoffs_won', 'faceoffs_lost', 'giveaways', 'takeaways', 'passes',
            'passes_completed', 'blocks', 'shifts', 'seconds', 'corsi_for', 'corsi_against', 'goals_for_on', 'goals_against_on'
        ] -%}
        sum(lines.{{ column }})::integer as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from lines
    {{ of_each_type('lines') }}
    group by lines.tenant_id, lines.season_key, of_type.game_type, lines.person_key

)

select
    totals.*,
    {{ share('goals', 'shots_on_goal') }} as shooting_share,
    {{ share('faceoffs_won', 'faceoffs_won + faceoffs_lost') }} as faceoff_share,
    {{ share('corsi_for', 'corsi_for + corsi_against') }} as corsi_share,
    {{ share('points', 'games', 2) }} as points_per_game,
    {{ share('seconds', 'games', 0) }}::integer as seconds_per_game,
    {{ per_60('goals', 'seconds') }} as goals_per_60,
    {{ per_60('points', 'seconds') }} as points_per_60,
    (rank() over (by_season order by points desc))::integer as points_rank,
    (rank() over (by_season order by goals desc))::integer as goals_rank,
    -- below a fifth of the most games played, rates are not meaningful
    games * 5 >= max(games) over by_season as has_enough_games
from totals
window by_season as (partition by tenant_id, season_key, game_type)
