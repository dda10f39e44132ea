{{ config(materialized='secure_view') }}

with

lines as (

    select *
    from {{ ref('fact_team_game') }}
    where is_counted

),

totals as (

    select
        lines.tenant_id,
        lines.season_key,
        of_type.game_type,
        lines.team_key,
        count(*)::integer as games,
        (count(*) filter (where lines.result = 'W'))::integer as wins,
        (count(*) filter (where lines.result = 'L'))::integer as losses,
        (count(*) filter (where lines.result = 'T'))::integer as ties,
        (count(*) filter (where lines.result = 'OTL'))::integer as overtime_losses,
        {% for column in [
            'score_for', 'score_against', 'goals', 'goals_against', 'assists', 'shots', 'shots_on_goal', 'shots_against', 'corsi_for', 'corsi_against',
            'faceoffs_won', 'faceoffs_lost', 'saves', 'penalties', 'penalty_minutes', 'giveaways', 'takeaways', 'passes',
            'passes_completed', 'power_plays', 'power_play_goals', 'short_handed_goals', 'power_play_goals_against',
            'empty_net_goals', 'empty_net_goals_against', 'seconds'
        ] -%}
        sum(lines.{{ column }})::integer as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from lines
    {{ of_each_type('lines') }}
    group by lines.tenant_id, lines.season_key, of_type.game_type, lines.team_key

)

select
    totals.*,
    {{ share('goals', 'games', 2) }} as goals_per_game,
    {{ share('goals_against', 'games', 2) }} as goals_against_per_game,
    {{ share('corsi_for', 'corsi_for + corsi_against') }} as corsi_share,
    {{ share('faceoffs_won', 'faceoffs_won + faceoffs_lost') }} as faceoff_share,
    {{ share('power_play_goals', 'power_plays') }} as power_play_share,
    {{ share('penalties - power_play_goals_against', 'penalties') }} as penalty_kill_share
from totals
