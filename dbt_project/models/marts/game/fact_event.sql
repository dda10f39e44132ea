{{ config(
    partition_by='played_on'
) }}

with

games as (

    {{ changed_games() }}

),

-- Lateral, so that each changed game is one small read: the cost depends on the changed games for any statistics.
events as (

    select
        games.tenant_id,
        games.played_on,
        games.game_key,
        lines.event_no,
        games.season_key,
        lines.period,
        lines.remaining_s,
        lines.elapsed_s,
        lines.type,
        lines.detail1,
        lines.detail2,
        lines.side,
        {{ team_of('lines.side') }} as team_key,
        lines.zone,
        lines.is_success,
        lines.minutes,
        lines.gives_power_play,
        lines.strength,
        lines.is_empty_net,
        lines.credited_side,
        lines.player_key,
        case when lines.player_key is not null
            then {{ person_of('lines.person_key', 'lines.credited_side', 'lines.player_key') }}
        end as person_key,
        case when lines.opponent_key is not null
            then {{ person_of('lines.opponent_person_key', 'lines.opponent_side', 'lines.opponent_key') }}
        end as opponent_person_key,
        lines.type = 'Shot' and lines.side is not null or lines.adds_shot as is_shot,
        lines.is_goal_shot or lines.is_on_net or lines.adds_shot as is_on_goal,
        lines.is_blocked,
        lines.is_missed,
        lines.is_goal,
        lines.adds_shot,
        lines.home_score,
        lines.away_score,
        lines.linked_group,
        lines.assist_to,
        lines.sequence_no,
        lines.play_no,
        lines.is_highlight
    from games
    cross join lateral (
        with

        -- length of each period by the rules of the league, and the seconds played before it
        periods as (
            select
                p.period,
                p.seconds,
                sum(p.seconds) over (order by p.period) - p.seconds as before_s
            from (
                select
                    n as period,
                    coalesce(games.period_seconds ->> n::text, games.period_seconds ->> 'OT')::integer as seconds
                from generate_series(1, 30) as n
            ) as p
        ),

        -- the player of the event and the opponent: the first participant of each role
        actors as (
            select distinct on (participants.event_no, participants.role)
                participants.event_no,
                participants.role,
                participants.side,
                participants.player_key,
                participants.person_key
            from {{ ref('stg_contest__play_participant') }} as participants
            where {{ of_game('participants') }} and participants.role_no = 1
            order by participants.event_no, participants.role, participants.participant_no
        ),

        acted as (
            select
                plays.*,
                plays.side is not null and plays.type = 'Goal' and coalesce(plays.detail1 = 'Goal_Scored', false) as is_goal_entry,
                plays.side is not null and plays.type = 'Shot' and coalesce(plays.detail1 like '%Goal', false) as is_goal_shot,
                plays.side is not null and plays.type = 'Shot' and coalesce(plays.detail1 like '%OnNet%', false) as is_on_net,
                plays.side is not null and plays.type = 'Shot' and coalesce(plays.detail1 like '%Blocked%', false) as is_blocked,
                plays.side is not null and plays.type = 'Shot'
                and coalesce(plays.detail1 like '%Missed%' or plays.detail1 like '%HitPost%', false) as is_missed,
                case when plays.side is not null then coalesce(actor.side, plays.side) end as credited_side,
                case when plays.side is not null then actor.player_key end as player_key,
                actor.person_key,
                opponent.side as opponent_side,
                opponent.player_key as opponent_key,
                opponent.person_key as opponent_person_key,
                (periods.before_s + periods.seconds - plays.remaining_s)::numeric(9, 3) as elapsed_s
            from {{ ref('stg_contest__play_event') }} as plays
            left join actors as actor on actor.event_no = plays.event_no and actor.role = 'event'
            left join actors as opponent on opponent.event_no = plays.event_no and opponent.role = 'opp'
            left join periods on periods.period = plays.period
            where {{ of_game('plays') }}
        ),

        -- The definition of a goal, with is_goal_entry above. A goal with the period, clock, side and scorer of an earlier
        -- one was entered twice and counts once; without a clock it is never a duplicate. The loader applies the same
        -- definition in Python (stanchion.ingest.reading.goals) before events reach the database, and
        -- tests/marts/test_goals.py compares both on every combination.
        entries as (
            select
                acted.event_no,
                acted.period,
                acted.remaining_s,
                acted.credited_side,
                acted.remaining_s is null
                or row_number() over (
                    partition by acted.period, acted.remaining_s, acted.credited_side, acted.player_key
                    order by acted.event_no
                ) = 1 as is_goal
            from acted
            where acted.is_goal_entry
        ),

        goal_shots as (
            select
                acted.period,
                acted.remaining_s,
                acted.side,
                count(*) as shots
            from acted
            where acted.is_goal_shot
            group by acted.period, acted.remaining_s, acted.side
        ),

        -- a goal for which no shot was entered counts as a shot on goal
        goals as (
            select
                goal.event_no,
                row_number() over (
                    partition by goal.period, goal.remaining_s, goal.credited_side order by goal.event_no
                ) > coalesce(goal_shots.shots, 0) as adds_shot
            from entries as goal
            left join goal_shots
                on
                    goal_shots.period = goal.period
                    and goal_shots.side = goal.credited_side
                    and goal_shots.remaining_s is not distinct from goal.remaining_s
            where goal.is_goal
        )

        select
            counted.*,
            (count(*) filter (where counted.is_goal and counted.credited_side = 'home') over game_to_here)::smallint as home_score,
            (count(*) filter (where counted.is_goal and counted.credited_side = 'away') over game_to_here)::smallint as away_score
        from (
            -- arrays, because a join would compare every event with the few goals
            select
                acted.*,
                acted.event_no = any(array(select goals.event_no from goals)) as is_goal,
                acted.event_no = any(array(
                    select goals.event_no
                    from goals
                    where goals.adds_shot
                )) as adds_shot
            from acted
        ) as counted
        window game_to_here as (
            order by counted.period, counted.remaining_s desc nulls last, counted.event_no rows unbounded preceding
        )
    ) as lines

)

select * from events
