{{ config(indexes=[
    {'columns': ['tenant_id', 'game_key', 'side'], 'unique': true},
    {'columns': ['tenant_id', 'season_key', 'team_key']},
    {'columns': ['tenant_id', 'team_key', 'played_on']},
]) }}

with

games as (

    {{ changed_games() }}

),

teams as (

    select
        games.tenant_id,
        games.game_key,
        sides.side,
        sides.team_key,
        sides.opponent_team_key,
        games.played_on,
        games.season_key,
        games.game_type,
        quality.is_counted,
        -- the official score when there is one, else the tracked goals
        coalesce(sides.official_for, own.goals) as score_for,
        coalesce(sides.official_against, other.goals) as score_against,
        own.goals_by_period,
        own.goals,
        other.goals as goals_against,
        own.assists,
        own.shots,
        own.shots_on_goal,
        other.shots_on_goal as shots_against,
        own.shots_blocked,
        own.shots_missed,
        own.shots_deflected,
        own.shots_on_goal + own.shots_blocked + own.shots_missed as corsi_for,
        other.shots_on_goal + other.shots_blocked + other.shots_missed as corsi_against,
        own.shots_on_goal + own.shots_missed as fenwick_for,
        own.faceoffs_won,
        other.faceoffs_won as faceoffs_lost,
        own.saves,
        own.penalties,
        own.penalty_minutes,
        own.giveaways,
        own.takeaways,
        own.passes,
        own.passes_completed,
        other.penalties as power_plays,
        own.power_play_goals,
        own.short_handed_goals,
        other.power_play_goals as power_play_goals_against,
        own.empty_net_goals,
        other.empty_net_goals as empty_net_goals_against,
        ice.seconds,
        ice.power_play_seconds,
        ice.short_handed_seconds,
        own.regular_goals = other.regular_goals and own.goals <> other.goals as is_overtime
    from games
    {{ with_quality() }}
    cross join lateral (
        values
        ('home', 'away', games.home_team_key, games.away_team_key, games.official_home, games.official_away),
        ('away', 'home', games.away_team_key, games.home_team_key, games.official_away, games.official_home)
    ) as sides (side, other_side, team_key, opponent_team_key, official_for, official_against)
    cross join lateral ({{ team_counts('sides.side') }}) as own
    cross join lateral ({{ team_counts('sides.other_side') }}) as other
    cross join lateral (
        select
            coalesce(sum(stints.seconds), 0)::integer as seconds,
            coalesce(sum(stints.seconds) filter (
                where (stints.home_players > stints.away_players) = (sides.side = 'home') and stints.home_players <> stints.away_players
            ), 0)::integer as power_play_seconds,
            coalesce(sum(stints.seconds) filter (
                where (stints.home_players < stints.away_players) = (sides.side = 'home') and stints.home_players <> stints.away_players
            ), 0)::integer as short_handed_seconds
        from {{ ref('fact_stint') }} as stints
        where stints.tenant_id = games.tenant_id and stints.game_key = games.game_key
    ) as ice
    where games.has_events

)

select
    teams.*,
    case
        when score_for > score_against then 'W'
        when score_for = score_against then 'T'
        when is_overtime then 'OTL'
        else 'L'
    end as result,
    {{ share('corsi_for', 'corsi_for + corsi_against') }} as corsi_share,
    {{ share('faceoffs_won', 'faceoffs_won + faceoffs_lost') }} as faceoff_share,
    {{ share('power_play_goals', 'power_plays') }} as power_play_share,
    {{ share('penalties - power_play_goals_against', 'penalties') }} as penalty_kill_share
from teams
