{{ config(materialized='secure_view') }}
{% set counts = [
    'score_for', 'score_against', 'goals', 'goals_against', 'assists', 'shots', 'shots_on_goal',
    'shots_against', 'corsi_for', 'corsi_against', 'faceoffs_won', 'faceoffs_lost', 'saves', 'penalties',
    'penalty_minutes', 'giveaways', 'takeaways', 'passes', 'passes_completed', 'power_plays',
    'power_play_goals', 'short_handed_goals', 'power_play_goals_against', 'empty_net_goals',
    'empty_net_goals_against', 'seconds'
] -%}
{% set expected = ['xg', 'xg_against', 'goals_above_expected'] -%}

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
        {{ results('lines.result') }},
        {% for column in counts + ['hits', 'high_danger_shots', 'high_danger_shots_against'] -%}
        sum(lines.{{ column }})::integer as {{ column }},
        {% endfor -%}
        {% for column in expected -%}
        sum(lines.{{ column }})::numeric(9, 4) as {{ column }},
        {% endfor -%}
        -- for shares: of games whose source records the strength at each goal
        sum(lines.power_plays) filter (where lines.power_play_goals is not null) as power_plays_with_goals,
        sum(lines.power_plays_against) filter (where lines.power_play_goals_against is not null) as power_plays_against
    from lines
    {{ of_each_type('lines') }}
    group by lines.tenant_id, lines.season_key, of_type.game_type, lines.team_key

)

select
    totals.tenant_id,
    totals.season_key,
    totals.game_type,
    totals.team_key,
    teams.team_name,
    totals.games,
    totals.wins,
    totals.losses,
    totals.ties,
    totals.overtime_losses,
    {% for column in counts -%}
    totals.{{ column }},
    {% endfor -%}
    {{ share('goals', 'games', 2) }} as goals_per_game,
    {{ share('goals_against', 'games', 2) }} as goals_against_per_game,
    {{ share('corsi_for', 'corsi_for + corsi_against') }} as corsi_share,
    {{ share('faceoffs_won', 'faceoffs_won + faceoffs_lost') }} as faceoff_share,
    {{ share('power_play_goals', 'power_plays_with_goals') }} as power_play_share,
    {{ share('power_plays_against - power_play_goals_against', 'power_plays_against') }} as penalty_kill_share,
    totals.shootout_losses,
    totals.hits,
    {% for column in expected -%}
    totals.{{ column }},
    {% endfor -%}
    totals.high_danger_shots,
    totals.high_danger_shots_against,
    {{ share('xg', 'xg + xg_against') }} as xg_share
from totals
left join {{ ref('dim_team') }} as teams on teams.tenant_id = totals.tenant_id and teams.team_key = totals.team_key
