-- An assist is marked on a participant of an event. It belongs to the goal that the event names, or else to the next
-- goal of the same side and period within 30 seconds. A player has at most one assist for a goal; the first mark
-- determines whether it is the first or the second assist.
with

games as (

    {{ changed_games() }}

),

assists as (

    select
        games.tenant_id,
        games.game_key,
        lines.goal_event_no,
        lines.side,
        lines.player_key,
        {{ person_of('lines.person_key', 'lines.side', 'lines.player_key') }} as person_key,
        lines.is_primary,
        lines.is_linked,
        lines.marks
    from games
    cross join lateral (
        with

        goals as (
            select
                attempts.event_no,
                attempts.side,
                attempts.period,
                attempts.remaining_s
            from {{ ref('fact_shot_attempt') }} as attempts
            where attempts.tenant_id = games.tenant_id and attempts.game_key = games.game_key and attempts.is_goal
        ),

        marks as (
            select
                participants.event_no,
                participants.participant_no,
                participants.side,
                participants.player_key,
                participants.person_key,
                concat_ws(' ', participants.detail1, participants.detail2) like '%AssistPrimary%' as is_primary,
                events.period,
                events.remaining_s,
                events.assist_to
            from {{ ref('stg_contest__play_participant') }} as participants
            join {{ ref('fact_event') }} as events
                on {{ of_game('events') }} and events.event_no = participants.event_no and events.side is not null
            where
                {{ of_game('participants') }}
                and {{ marks_assist('participants') }}
        ),

        reached as (
            select
                marks.*,
                coalesce(named.event_no, following.event_no) as goal_event_no,
                named.event_no is not null as is_linked
            from marks
            left join goals as named on named.event_no = marks.assist_to
            left join lateral (
                select goals.event_no
                from goals
                where
                    goals.event_no >= marks.event_no
                    and goals.side = marks.side
                    and goals.period = marks.period
                    and marks.remaining_s - goals.remaining_s between 0 and 30
                order by goals.event_no
                limit 1
            ) as following on named.event_no is null
        )

        select distinct on (reached.goal_event_no, reached.side, reached.player_key)
            reached.goal_event_no,
            reached.side,
            reached.player_key,
            reached.person_key,
            reached.is_primary,
            bool_or(reached.is_linked) over of_goal as is_linked,
            count(*) over of_goal as marks
        from reached
        where reached.goal_event_no is not null
        window of_goal as (partition by reached.goal_event_no, reached.side, reached.player_key)
        order by reached.goal_event_no, reached.side, reached.player_key, reached.event_no, reached.participant_no
    ) as lines

)

select * from assists
