{{ config(indexes=[
    {'columns': ['tenant_id', 'game_key', 'side', 'player_key'], 'unique': true},
    {'columns': ['tenant_id', 'person_key', 'played_on']},
    {'columns': ['tenant_id', 'season_key', 'team_key']},
]) }}

with

games as (

    {{ changed_games() }}

),

players as (

    select
        games.tenant_id,
        games.game_key,
        lines.side,
        lines.player_key,
        {{ person_of('lines.person_key', 'lines.side', 'lines.player_key') }} as person_key,
        lines.person_key is not null as is_known,
        lines.person_name,
        lines.position,
        {{ team_of('lines.side') }} as team_key,
        case lines.side when 'home' then games.away_team_key else games.home_team_key end as opponent_team_key,
        games.played_on,
        games.season_key,
        games.game_type,
        quality.is_counted,
        lines.is_goalie,
        lines.stints > 0 or lines.events > 0 or lines.took_part as has_played,
        lines.goals,
        lines.first_assists,
        lines.second_assists,
        lines.first_assists + lines.second_assists as assists,
        lines.first_assists_linked,
        lines.second_assists_linked,
        lines.first_assists_linked + lines.second_assists_linked as assists_linked,
        lines.goals + lines.first_assists + lines.second_assists as points,
        lines.shots,
        lines.shots_on_goal,
        {{ share('lines.goals', 'lines.shots_on_goal') }} as shooting_share,
        lines.seconds,
        lines.net_seconds,
        lines.stints,
        lines.shifts,
        lines.plus,
        lines.minus,
        lines.plus - lines.minus as plus_minus,
        lines.goals_for_on,
        lines.goals_against_on,
        lines.goals_for_on - lines.goals_against_on as plus_minus_all,
        lines.penalties,
        lines.penalty_minutes,
        lines.faceoffs_won,
        lines.faceoffs_lost,
        {{ share('lines.faceoffs_won', 'lines.faceoffs_won + lines.faceoffs_lost') }} as faceoff_share,
        lines.giveaways,
        lines.takeaways,
        lines.passes,
        lines.passes_completed,
        lines.blocks,
        lines.saves,
        lines.goals_against,
        lines.corsi_for,
        lines.corsi_against,
        {{ share('lines.corsi_for', 'lines.corsi_for + lines.corsi_against') }} as corsi_share
    from games
    {{ with_quality() }}
    cross join lateral (
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
                count(*) filter (where events.type = 'Penalty') as penalties,
                coalesce(sum({{ penalty_minutes('events.detail1') }}) filter (where events.type = 'Penalty'), 0) as penalty_minutes,
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
                and events.type in ('Goal', 'Shot', 'Faceoff', 'Penalty', 'Save', 'Turnover', 'Pass')
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

        -- participants marked as having blocked a shot; marks of an attempted block do not match
        blocks as (
            select
                blockers.side,
                blockers.player_key,
                count(distinct blockers.event_no) as blocks
            from {{ ref('stg_contest__play_participant') }} as blockers
            where
                {{ of_game('blockers') }}
                and concat_ws(' ', blockers.detail1, blockers.detail2) ~ '(^|[ _])BlockedShot'
            group by blockers.side, blockers.player_key
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
                    where attempts.is_goal and not attempts.is_power_play and attempts.side = on_ice.side and not on_ice.is_goalie
                ) as plus,
                count(*) filter (
                    where attempts.is_goal and not attempts.is_power_play and attempts.side <> on_ice.side and not on_ice.is_goalie
                ) as minus,
                count(*) filter (where attempts.is_goal and attempts.side <> on_ice.side and on_ice.is_goalie) as goals_against,
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

        -- in a game without stints, every participant of an event has played
        participants as (
            select distinct
                plays.side,
                plays.player_key
            from {{ ref('stg_contest__play_participant') }} as plays
            where
                {{ of_game('plays') }}
                and plays.side is not null
                and not exists (select 1 from on_ice)
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
                'goals', 'shots', 'shots_on_goal', 'faceoffs_won', 'penalties', 'penalty_minutes', 'saves', 'giveaways', 'takeaways',
                'passes', 'passes_completed'
            ] -%}
            coalesce(counted.{{ column }}, 0)::integer as {{ column }},
            {% endfor -%}
            coalesce(faceoffs_lost.faceoffs_lost, 0)::integer as faceoffs_lost,
            coalesce(blocks.blocks, 0)::integer as blocks,
            {% for column in ['first_assists', 'second_assists', 'first_assists_linked', 'second_assists_linked'] -%}
            coalesce(assisted.{{ column }}, 0)::integer as {{ column }},
            {% endfor -%}
            coalesce(ice.seconds, 0)::integer as seconds,
            coalesce(ice.net_seconds, 0)::numeric(9, 3) as net_seconds,
            coalesce(ice.stints, 0)::integer as stints,
            coalesce(ice.shifts, 0)::integer as shifts,
            {% for column in ['goals_for_on', 'goals_against_on', 'plus', 'minus', 'goals_against', 'corsi_for', 'corsi_against'] -%}
            coalesce(happened.{{ column }}, 0)::integer as {{ column }}{{ ',' if not loop.last }}
            {% endfor %}
        from everyone
        left join listed using (side, player_key)
        left join counted using (side, player_key)
        left join faceoffs_lost using (side, player_key)
        left join blocks using (side, player_key)
        left join assisted using (side, player_key)
        left join ice using (side, player_key)
        left join happened using (side, player_key)
        left join participants using (side, player_key)
    ) as lines

)

select * from players
