{#- The goalies of one game, as a lateral query of `games`. `players` and `teams` are queries or relations with the rows of
    the game: those of the marts, or those of the comparison with official figures in fact_game_quality. -#}
{% macro goalies_of_game(players, teams) -%}
    select
        goalies.*,
        {{ share('saves', 'shots_against') }} as save_share
    from (
        select
            lines.side,
            lines.player_key,
            lines.person_key,
            lines.person_name,
            lines.team_key,
            lines.opponent_team_key,
            {{ recorded(['goalies', 'goalie_time'], 'lines.seconds') }} as seconds,
            lines.saves + lines.goals_against as shots_against,
            lines.saves,
            lines.goals_against,
            {{ recorded('goalies', 'lines.empty_net_goals_against') }} as empty_net_goals_against,
            {{ recorded('saves', 'lines.saves_by_period') }} as saves_by_period,
            {{ recorded('goalies', 'lines.goals_against_by_period') }} as goals_against_by_period,
            {{ recorded('goalies', 'lines.seconds > 0 and lines.is_alone and teams.goals_against = 0') }} as is_shutout,
            {{ recorded('goalies', 'case when lines.player_key = lines.decision_key then teams.result end') }} as decision,
            lines.goals,
            lines.assists,
            lines.penalty_minutes,
            {{ recorded(['coordinates', 'goalies'], 'lines.xg') }} as xg_against,
            {{ recorded(['coordinates', 'goalies'], '(lines.xg - lines.goals_against)::numeric(9, 4)') }} as goals_saved_above_expected,
            {{ recorded(['coordinates', 'goalies'], 'lines.high_danger_shots') }} as high_danger_shots_against
        from (
            with

            nets as (
                select
                    stints.stint_no,
                    stints.side,
                    stints.player_key,
                    stints.period,
                    stints.seconds
                from {{ ref('fact_player_stint') }} as stints
                where {{ of_game('stints') }} and stints.is_goalie
            ),

            ice as (
                select
                    nets.side,
                    nets.player_key,
                    sum(nets.seconds)::integer as seconds
                from nets
                group by nets.side, nets.player_key
            ),

            goals as (
                select
                    attempts.event_no,
                    attempts.side,
                    attempts.period,
                    attempts.stint_no,
                    attempts.is_empty_net,
                    attempts.beaten_goalie_key,
                    row_number() over (
                        partition by attempts.side order by attempts.period, attempts.remaining_s desc nulls last, attempts.event_no
                    ) as nth
                from {{ ref('fact_shot_attempt') }} as attempts
                where attempts.tenant_id = games.tenant_id and attempts.game_key = games.game_key and attempts.is_goal
            ),

            -- the goalie in each net at each goal: whom the source names, or who is in net by the stints; for an empty net,
            -- the last goalie before it
            beaten as (
                select
                    goals.event_no,
                    goals.side as scored_by,
                    goals.period,
                    goals.nth,
                    goals.is_empty_net,
                    sides.side,
                    case when goals.side <> sides.side then coalesce(goals.beaten_goalie_key, last_in_net.player_key) else last_in_net.player_key end as player_key,
                    goals.beaten_goalie_key is not null or coalesce(last_in_net.stint_no = goals.stint_no and not goals.is_empty_net, false) as was_in_net
                from goals
                cross join (values ('home'), ('away')) as sides (side)
                left join lateral (
                    select
                        nets.stint_no,
                        nets.player_key
                    from nets
                    where nets.side = sides.side and nets.stint_no <= goals.stint_no
                    order by nets.stint_no desc, nets.player_key
                    limit 1
                ) as last_in_net on true
            ),

            score as (
                select
                    count(*) filter (where goals.side = 'home') as home,
                    count(*) filter (where goals.side = 'away') as away
                from goals
            ),

            -- The goalies in net at the deciding goal, which is the winner's first goal beyond the final score of the
            -- loser.
            decided as (
                select
                    beaten.side,
                    beaten.player_key
                from beaten
                cross join score
                where
                    beaten.scored_by = case when score.home > score.away then 'home' when score.away > score.home then 'away' end
                    and beaten.nth = least(score.home, score.away) + 1
            ),

            -- the goalies in net at the end, who get the decision of a tie
            finished as (
                select distinct on (nets.side)
                    nets.side,
                    nets.player_key
                from nets
                order by nets.side, nets.stint_no desc, nets.player_key
            ),

            saves as (
                select
                    by_period.side,
                    by_period.player_key,
                    jsonb_object_agg(by_period.period, by_period.saves) as saves_by_period
                from (
                    select
                        events.credited_side as side,
                        events.player_key,
                        events.period,
                        count(*) as saves
                    from {{ ref('fact_event') }} as events
                    where {{ of_game('events') }} and events.type = 'Save' and events.player_key is not null
                    group by events.credited_side, events.player_key, events.period
                ) as by_period
                group by by_period.side, by_period.player_key
            ),

            -- attempts on an empty net are of no goalie
            faced as (
                select
                    case shots.side when 'home' then 'away' else 'home' end as side,
                    shots.goalie_key as player_key,
                    {{ xg_sums('shots') }}
                from {{ ref('fact_shot') }} as shots
                where shots.tenant_id = games.tenant_id and shots.game_key = games.game_key and shots.goalie_key is not null
                group by shots.side, shots.goalie_key
            ),

            against as (
                select
                    by_period.side,
                    by_period.player_key,
                    jsonb_object_agg(by_period.period, by_period.goals) filter (where by_period.goals > 0) as goals_by_period,
                    sum(by_period.empty_net_goals)::integer as empty_net_goals
                from (
                    select
                        beaten.side,
                        beaten.player_key,
                        beaten.period,
                        count(*) filter (where beaten.was_in_net) as goals,
                        count(*) filter (where beaten.is_empty_net) as empty_net_goals
                    from beaten
                    where beaten.scored_by <> beaten.side
                    group by beaten.side, beaten.player_key, beaten.period
                ) as by_period
                group by by_period.side, by_period.player_key
            )

            select
                players.side,
                players.player_key,
                players.person_key,
                players.person_name,
                players.team_key,
                players.opponent_team_key,
                players.saves,
                players.goals_against,
                players.goals,
                players.assists,
                players.penalty_minutes,
                coalesce(ice.seconds, 0) as seconds,
                coalesce(against.empty_net_goals, 0) as empty_net_goals_against,
                coalesce(saves.saves_by_period, '{}') as saves_by_period,
                coalesce(against.goals_by_period, '{}') as goals_against_by_period,
                coalesce(faced.xg, 0)::numeric(9, 4) as xg,
                coalesce(faced.high_danger_shots, 0) as high_danger_shots,
                coalesce(decided.player_key, finished.player_key) as decision_key,
                count(*) filter (where ice.seconds > 0) over (partition by players.side) = 1 as is_alone
            from {{ players }} as players
            left join ice using (side, player_key)
            left join saves using (side, player_key)
            left join against using (side, player_key)
            left join faced using (side, player_key)
            left join decided on decided.side = players.side
            left join finished on finished.side = players.side
            where players.position = 'G' or players.saves > 0 or ice.player_key is not null
        ) as lines
        left join lateral (
            select
                team.goals_against,
                team.result
            from {{ teams }} as team
            where team.side = lines.side
            offset 0
        ) as teams on true
    ) as goalies
{%- endmacro %}
