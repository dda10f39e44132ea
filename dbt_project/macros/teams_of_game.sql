{#- Both teams of one game, as a lateral query of `games`, and of `quality` with shootout_side. The mart of teams and the
    comparison with official figures in fact_game_quality, which precedes the mart, use the same query. -#}
{% macro teams_of_game() -%}
    select
        teams.*,
        case
            when score_for > score_against then 'W'
            when score_for = score_against then 'T'
            when is_shootout then 'SOL'
            when is_overtime then 'OTL'
            else 'L'
        end as result,
        {{ share('corsi_for', 'corsi_for + corsi_against') }} as corsi_share,
        {{ share('faceoffs_won', 'faceoffs_won + faceoffs_lost') }} as faceoff_share,
        {{ share('power_play_goals', 'power_plays') }} as power_play_share,
        {{ share('power_plays_against - power_play_goals_against', 'power_plays_against') }} as penalty_kill_share,
        {{ share('xg', 'xg + xg_against') }} as xg_share
    from (
        with

        -- materialized: counted once for each side, and not again for the opponent
        counts as materialized (
            select
                of_side.side,
                counted.*
            from (values ('home'), ('away')) as of_side (side)
            cross join lateral ({{ team_counts('of_side.side') }}) as counted
        )

        select
            sides.side,
            sides.team_key,
            sides.opponent_team_key,
            -- the official score when there is one, else the tracked goals and the goal for winning a shootout
            coalesce(sides.official_for, own.goals + coalesce(quality.shootout_side = sides.side, false)::integer) as score_for,
            coalesce(sides.official_against, other.goals + coalesce(quality.shootout_side = sides.other_side, false)::integer) as score_against,
            own.goals_by_period,
            own.goals,
            other.goals as goals_against,
            {{ recorded('assists', 'own.assists') }} as assists,
            {{ recorded('missed_shots', 'own.shots') }} as shots,
            own.shots_on_goal,
            other.shots_on_goal as shots_against,
            own.shots_blocked,
            {{ recorded('missed_shots', 'own.shots_missed') }} as shots_missed,
            {{ recorded('missed_shots', 'own.shots_deflected') }} as shots_deflected,
            {{ recorded('missed_shots', 'own.shots_on_goal + own.shots_blocked + own.shots_missed') }} as corsi_for,
            {{ recorded('missed_shots', 'other.shots_on_goal + other.shots_blocked + other.shots_missed') }} as corsi_against,
            {{ recorded('missed_shots', 'own.shots_on_goal + own.shots_missed') }} as fenwick_for,
            {{ recorded('faceoffs', 'own.faceoffs_won') }} as faceoffs_won,
            {{ recorded('faceoffs', 'other.faceoffs_won') }} as faceoffs_lost,
            {{ recorded('saves', 'own.saves') }} as saves,
            {{ recorded('penalties', 'own.penalties') }} as penalties,
            {{ recorded('penalty_minutes', 'own.penalty_minutes') }} as penalty_minutes,
            {{ recorded('hits', 'own.hits') }} as hits,
            {{ recorded('giveaways', 'own.giveaways') }} as giveaways,
            {{ recorded('takeaways', 'own.takeaways') }} as takeaways,
            {{ recorded('passes', 'own.passes') }} as passes,
            {{ recorded('passes', 'own.passes_completed') }} as passes_completed,
            {{ recorded('penalties', 'other.power_plays_given') }} as power_plays,
            {{ recorded('penalties', 'own.power_plays_given') }} as power_plays_against,
            {{ recorded('strength', 'own.power_play_goals') }} as power_play_goals,
            {{ recorded('strength', 'own.short_handed_goals') }} as short_handed_goals,
            {{ recorded('strength', 'other.power_play_goals') }} as power_play_goals_against,
            {{ recorded('strength', 'own.empty_net_goals') }} as empty_net_goals,
            {{ recorded('strength', 'other.empty_net_goals') }} as empty_net_goals_against,
            {{ recorded('ice_time', 'ice.seconds') }} as seconds,
            {{ recorded('on_ice', 'ice.power_play_seconds') }} as power_play_seconds,
            {{ recorded('on_ice', 'ice.short_handed_seconds') }} as short_handed_seconds,
            {{ recorded('coordinates', 'own.xg') }} as xg,
            {{ recorded('coordinates', 'other.xg') }} as xg_against,
            {{ recorded('coordinates', '(own.goals - own.xg)::numeric(9, 4)') }} as goals_above_expected,
            {{ recorded('coordinates', 'own.high_danger_shots') }} as high_danger_shots,
            {{ recorded('coordinates', 'other.high_danger_shots') }} as high_danger_shots_against,
            own.regular_goals = other.regular_goals and own.goals <> other.goals as is_overtime,
            quality.shootout_side is not null as is_shootout
        from (
            values
            ('home', 'away', games.home_team_key, games.away_team_key, games.official_home, games.official_away),
            ('away', 'home', games.away_team_key, games.home_team_key, games.official_away, games.official_home)
        ) as sides (side, other_side, team_key, opponent_team_key, official_for, official_against)
        join counts as own on own.side = sides.side
        join counts as other on other.side = sides.other_side
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
    ) as teams
{%- endmacro %}
