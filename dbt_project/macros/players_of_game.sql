{#- The players of one game, as a lateral query of `games`. The mart of players and the comparison with official figures
    in fact_game_quality, which precedes the mart, use the same query. -#}
{% macro players_of_game() -%}
    select
        lines.side,
        lines.player_key,
        {{ person_of('lines.person_key', 'lines.side', 'lines.player_key') }} as person_key,
        lines.person_key is not null as is_known,
        lines.person_name,
        lines.position,
        {{ team_of('lines.side') }} as team_key,
        case lines.side when 'home' then games.away_team_key else games.home_team_key end as opponent_team_key,
        lines.is_goalie,
        lines.stints > 0 or lines.events > 0 or lines.took_part as has_played,
        lines.goals,
        {{ recorded('assists', 'lines.first_assists') }} as first_assists,
        {{ recorded('assists', 'lines.second_assists') }} as second_assists,
        {{ recorded('assists', 'lines.first_assists + lines.second_assists') }} as assists,
        {{ recorded('assists', 'lines.first_assists_linked') }} as first_assists_linked,
        {{ recorded('assists', 'lines.second_assists_linked') }} as second_assists_linked,
        {{ recorded('assists', 'lines.first_assists_linked + lines.second_assists_linked') }} as assists_linked,
        {{ recorded('assists', 'lines.goals + lines.first_assists + lines.second_assists') }} as points,
        {{ recorded('missed_shots', 'lines.shots') }} as shots,
        lines.shots_on_goal,
        {{ share('lines.goals', 'lines.shots_on_goal') }} as shooting_share,
        case when lines.has_ice_time then lines.seconds end as seconds,
        case when lines.has_ice_time then lines.net_seconds end as net_seconds,
        case when lines.has_ice_time then lines.stints end as stints,
        {{ recorded('ice_time', 'lines.shifts') }} as shifts,
        {{ recorded('plus_minus', 'lines.plus') }} as plus,
        {# sqlfluff takes an unquoted minus for the set operator of other databases -#}
        {{ recorded('plus_minus', 'lines.minus') }} as "minus",
        {{ recorded('plus_minus', 'lines.plus - lines.minus') }} as plus_minus,
        {{ recorded('on_ice', 'lines.goals_for_on') }} as goals_for_on,
        {{ recorded('on_ice', 'lines.goals_against_on') }} as goals_against_on,
        {{ recorded('on_ice', 'lines.goals_for_on - lines.goals_against_on') }} as plus_minus_all,
        {{ recorded('penalties', 'lines.penalties') }} as penalties,
        {{ recorded('penalty_minutes', 'lines.penalty_minutes') }} as penalty_minutes,
        {{ recorded('faceoffs', 'lines.faceoffs_won') }} as faceoffs_won,
        {{ recorded('faceoffs', 'lines.faceoffs_lost') }} as faceoffs_lost,
        {{ recorded('faceoffs', share('lines.faceoffs_won', 'lines.faceoffs_won + lines.faceoffs_lost')) }} as faceoff_share,
        {{ recorded('hits', 'lines.hits') }} as hits,
        {{ recorded('giveaways', 'lines.giveaways') }} as giveaways,
        {{ recorded('takeaways', 'lines.takeaways') }} as takeaways,
        {{ recorded('passes', 'lines.passes') }} as passes,
        {{ recorded('passes', 'lines.passes_completed') }} as passes_completed,
        {{ recorded('blocks', 'lines.blocks') }} as blocks,
        {{ recorded('saves', 'lines.saves') }} as saves,
        {{ recorded('goalies', 'lines.goals_against') }} as goals_against,
        {{ recorded(['on_ice', 'missed_shots'], 'lines.corsi_for') }} as corsi_for,
        {{ recorded(['on_ice', 'missed_shots'], 'lines.corsi_against') }} as corsi_against,
        {{ recorded(['on_ice', 'missed_shots'], share('lines.corsi_for', 'lines.corsi_for + lines.corsi_against')) }} as corsi_share,
        {{ recorded('coordinates', 'lines.xg') }} as xg,
        {{ recorded('coordinates', '(lines.goals - lines.xg)::numeric(9, 4)') }} as goals_above_expected,
        {{ recorded('coordinates', 'lines.high_danger_shots') }} as high_danger_shots,
        {{ recorded(['coordinates', 'on_ice'], 'lines.xg_for_on') }} as xg_for_on,
        {{ recorded(['coordinates', 'on_ice'], 'lines.xg_against_on') }} as xg_against_on
    from (
        with

        counted as (
            select
                events.credited_side as side,
                events.player_key,
                count(*) as events,
                count(*) filter (where events.is_goal) as goals,
                count(*) filter (where events.type = 'Shot' or (events.adds_shot and events.player_key <> '')) as shots,
                count(*) filter (where events.is_on_goal and (events.type = 'Shot' or events.player_key <> '')) as shots_on_goal,
                count(*) filter (where events.type = 'Faceoff') as faceoffs_won,
                count(*) filter (where events.type = 'Hit') as hits,
                count(*) filter (where events.type = 'Penalty') as penalties,
                coalesce(sum({{ penalty_minutes('events') }}) filter (where events.type = 'Penalty'), 0) as penalty_minutes,
                count(*) filter (where events.type = 'Save') as saves,
                count(*) filter (where events.type = 'Turnover' and events.detail1 like '%Giveaway%') as giveaways,
                count(*) filter (
                    where events.type = 'Turnover' and events.detail1 like '%Takeaway%' and events.detail1 not like '%Giveaway%'
                ) as takeaways,
                count(*) filter (where events.type = 'Pass') as passes,
                count(*) filter (where events.type = 'Pass' and events.detail1 like '%Completed%') as passes_completed
            from {{ ref('fact_event') }} as events
            where
                {{ of_game('events') }}
                and events.player_key is not null
                and events.type in ('Goal', 'Shot', 'Faceoff', 'Hit', 'Penalty', 'Save', 'Turnover', 'Pass')
            group by events.credited_side, events.player_key
        ),

        -- the first opponent of a faceoff lost it
        faceoffs_lost as (
            select
                losers.side,
                losers.player_key,
                count(*) as faceoffs_lost
            from {{ ref('stg_contest__play_participant') }} as losers
            join {{ ref('fact_event') }} as events
                on {{ of_game('events') }} and events.event_no = losers.event_no
            where
                {{ of_game('losers') }}
                and losers.role = 'opp'
                and losers.role_no = 1
                and events.type = 'Faceoff'
                and events.side is not null
            group by losers.side, losers.player_key
        ),

        -- Participants marked as having blocked a shot, for which marks of an attempted block do not match, and as
        -- getting a plus or a minus for a goal.
        marked as (
            select
                marks.side,
                marks.player_key,
                count(distinct marks.event_no) filter (where marks.is_block) as blocks,
                count(*) filter (where marks.detail1 = 'Plus') as plus,
                count(*) filter (where marks.detail1 = 'Minus') as "minus"
            from (
                select
                    participants.side,
                    participants.player_key,
                    participants.event_no,
                    participants.detail1,
                    -- LIKE first, because the regular expression is slow
                    concat_ws(' ', participants.detail1, participants.detail2) like '%BlockedShot%'
                    and concat_ws(' ', participants.detail1, participants.detail2) ~ '(^|[ _])BlockedShot' as is_block
                from {{ ref('stg_contest__play_participant') }} as participants
                where {{ of_game('participants') }}
            ) as marks
            where marks.is_block or marks.detail1 in ('Plus', 'Minus')
            group by marks.side, marks.player_key
        ),

        assisted as (
            select
                assists.side,
                assists.player_key,
                count(*) filter (where assists.is_primary) as first_assists,
                count(*) filter (where not assists.is_primary) as second_assists,
                count(*) filter (where assists.is_primary and assists.is_linked) as first_assists_linked,
                count(*) filter (where not assists.is_primary and assists.is_linked) as second_assists_linked
            from {{ ref('fact_assist') }} as assists
            where assists.tenant_id = games.tenant_id and assists.game_key = games.game_key
            group by assists.side, assists.player_key
        ),

        on_ice as (
            select
                stints.stint_no,
                stints.side,
                stints.player_key,
                stints.person_key,
                stints.is_goalie,
                stints.seconds,
                stints.net_seconds,
                stints.is_new_shift
            from {{ ref('fact_player_stint') }} as stints
            where {{ of_game('stints') }}
        ),

        ice as (
            select
                on_ice.side,
                on_ice.player_key,
                sum(on_ice.seconds) as seconds,
                sum(on_ice.net_seconds) as net_seconds,
                sum(on_ice.seconds) filter (where on_ice.is_goalie) as goalie_seconds,
                count(*) as stints,
                count(*) filter (where on_ice.is_new_shift) as shifts
            from on_ice
            group by on_ice.side, on_ice.player_key
        ),

        -- goals and attempts while the player was on the ice; a goalie only gets goals against
        happened as (
            select
                on_ice.side,
                on_ice.player_key,
                count(*) filter (where attempts.is_goal and attempts.side = on_ice.side and not on_ice.is_goalie) as goals_for_on,
                count(*) filter (where attempts.is_goal and attempts.side <> on_ice.side and not on_ice.is_goalie) as goals_against_on,
                count(*) filter (
                    where attempts.is_goal and not attempts.is_power_play and not attempts.is_penalty_shot
                    and attempts.side = on_ice.side and not on_ice.is_goalie
                ) as plus,
                count(*) filter (
                    where attempts.is_goal and not attempts.is_power_play and not attempts.is_penalty_shot
                    and attempts.side <> on_ice.side and not on_ice.is_goalie
                ) as "minus",
                count(*) filter (
                    where attempts.is_goal and attempts.side <> on_ice.side and on_ice.is_goalie
                    and attempts.beaten_goalie_key is null and not attempts.is_empty_net
                ) as goals_against,
                coalesce(sum(attempts.corsi) filter (where attempts.side = on_ice.side), 0) as corsi_for,
                coalesce(sum(attempts.corsi) filter (where attempts.side <> on_ice.side), 0) as corsi_against
            from on_ice
            join {{ ref('fact_shot_attempt') }} as attempts
                on
                    attempts.tenant_id = games.tenant_id
                    and attempts.game_key = games.game_key
                    and attempts.stint_no = on_ice.stint_no
            group by on_ice.side, on_ice.player_key
        ),

        expected as (
            select
                shots.side,
                shots.player_key,
                {{ xg_sums('shots') }}
            from {{ ref('fact_shot') }} as shots
            where shots.tenant_id = games.tenant_id and shots.game_key = games.game_key and shots.player_key is not null
            group by shots.side, shots.player_key
        ),

        -- expected goals while a skater was on the ice
        expected_on_ice as (
            select
                on_ice.side,
                on_ice.player_key,
                sum(shots.xg) filter (where shots.side = on_ice.side) as xg_for_on,
                sum(shots.xg) filter (where shots.side <> on_ice.side) as xg_against_on
            from on_ice
            join {{ ref('fact_shot') }} as shots
                on
                    shots.tenant_id = games.tenant_id
                    and shots.game_key = games.game_key
                    and shots.stint_no = on_ice.stint_no
            where not on_ice.is_goalie
            group by on_ice.side, on_ice.player_key
        ),

        -- goals against goalies whom the source names, whether or not it records who is in net
        beaten as (
            select
                case attempts.side when 'home' then 'away' else 'home' end as side,
                attempts.beaten_goalie_key as player_key,
                count(*) as goals_against
            from {{ ref('fact_shot_attempt') }} as attempts
            where
                attempts.tenant_id = games.tenant_id
                and attempts.game_key = games.game_key
                and attempts.is_goal
                and attempts.beaten_goalie_key is not null
            group by 1, 2
        ),

        -- in a game without stints of skaters, every participant of an event has played
        participants as (
            select distinct
                plays.side,
                plays.player_key
            from {{ ref('stg_contest__play_participant') }} as plays
            where
                {{ of_game('plays') }}
                and plays.side is not null
                and (games.lacks && array['on_ice'] or not exists (select 1 from on_ice))
        ),

        -- when a roster lists a jersey twice, the first line is the person; the loader decides the same
        listed as (
            select distinct on (entries.side, entries.player_key)
                entries.side,
                entries.player_key,
                entries.person_key,
                entries.person_name,
                entries.position
            from {{ ref('stg_contest__roster_entry') }} as entries
            where entries.tenant_id = games.tenant_id and entries.game_key = games.game_key
            order by 1, 2, entries.entry_no
        ),

        everyone as (
            select side, player_key from listed
            union
            select side, player_key from counted
            union
            select side, player_key from faceoffs_lost
            union
            select side, player_key from assisted
            union
            select side, player_key from ice
            union
            select side, player_key from beaten
            union
            select side, player_key from participants
        )

        select
            everyone.side,
            everyone.player_key,
            listed.person_key,
            coalesce(listed.person_name, '#' || everyone.player_key) as person_name,
            listed.position,
            coalesce(ice.goalie_seconds * 2 > ice.seconds, listed.position = 'G', false) as is_goalie,
            coalesce(counted.events, 0) + coalesce(faceoffs_lost.faceoffs_lost, 0) as events,
            participants.player_key is not null as took_part,
            {% for column in [
                'goals', 'shots', 'shots_on_goal', 'faceoffs_won', 'hits', 'penalties', 'penalty_minutes', 'saves', 'giveaways', 'takeaways',
                'passes', 'passes_completed'
            ] -%}
            coalesce(counted.{{ column }}, 0)::integer as {{ column }},
            {% endfor -%}
            coalesce(faceoffs_lost.faceoffs_lost, 0)::integer as faceoffs_lost,
            coalesce(marked.blocks, 0)::integer as blocks,
            {% for column in ['first_assists', 'second_assists', 'first_assists_linked', 'second_assists_linked'] -%}
            coalesce(assisted.{{ column }}, 0)::integer as {{ column }},
            {% endfor -%}
            coalesce(ice.seconds, 0)::integer as seconds,
            coalesce(ice.net_seconds, 0)::numeric(9, 3) as net_seconds,
            coalesce(ice.stints, 0)::integer as stints,
            coalesce(ice.shifts, 0)::integer as shifts,
            -- without stints of skaters, the stints are those of goalies
            not games.lacks && array['ice_time'] or (not games.lacks && array['goalies', 'goalie_time'] and (ice.goalie_seconds > 0 or listed.position = 'G'))
            as has_ice_time,
            -- the marks of the source are more exact than the stints
            {% for column in ['plus', 'minus'] -%}
            case when sum(marked.plus + marked.minus) over () > 0 then coalesce(marked.{{ column }}, 0) else coalesce(happened.{{ column }}, 0) end::integer
            as "{{ column }}",
            {% endfor -%}
            (coalesce(happened.goals_against, 0) + coalesce(beaten.goals_against, 0))::integer as goals_against,
            {% for column in ['goals_for_on', 'goals_against_on', 'corsi_for', 'corsi_against'] -%}
            coalesce(happened.{{ column }}, 0)::integer as {{ column }},
            {% endfor -%}
            coalesce(expected.xg, 0)::numeric(9, 4) as xg,
            coalesce(expected.high_danger_shots, 0) as high_danger_shots,
            coalesce(expected_on_ice.xg_for_on, 0)::numeric(9, 4) as xg_for_on,
            coalesce(expected_on_ice.xg_against_on, 0)::numeric(9, 4) as xg_against_on
        from everyone
        left join listed using (side, player_key)
        left join counted using (side, player_key)
        left join faceoffs_lost using (side, player_key)
        left join marked using (side, player_key)
        left join assisted using (side, player_key)
        left join ice using (side, player_key)
        left join happened using (side, player_key)
        left join beaten using (side, player_key)
        left join participants using (side, player_key)
        left join expected using (side, player_key)
        left join expected_on_ice using (side, player_key)
    ) as lines
{%- endmacro %}
